"""Sampling and retention, one step at a time."""

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounts import throttle
from portal.accounts.throttle import LoginFailure
from portal.runtime import samples
from portal.runtime.samples import Sample, take
from portal.worker.retention import sweep
from portal.worker.rounds import run_once
from tests.clocks import StandingClock
from tests.instants import DAY, MINUTE, NOW, TICK
from tests.runtime.calm import calm
from tests.sites import Site


def count(site: Site, table: type) -> int:
    with site.portal.core.open_session() as session:
        return session.scalar(select(func.count()).select_from(table))


def test_a_minute_gives_one_sample_however_many_workers(either: Site, still: StandingClock):
    for _ in range(3):
        run_once(either.portal)
    still.advance(minutes=1)
    run_once(either.portal)
    assert count(either, Sample) == 2
    history = either.portal.overview.take().database_pool.history
    assert [one.at for one in history] == sorted(one.at for one in history)
    assert len(history) == 2


def test_a_worker_that_wakes_a_little_early_takes_the_sample(site: Site, still: StandingClock):
    first = site.portal.overview.take()
    with site.portal.core.open_session() as session:
        for seconds, is_taken in ((0, True), (58.999, False), (59, True)):
            later = first.generated_at + timedelta(seconds=seconds)
            snapshot = first.model_copy(update={"generated_at": later})
            assert take(session, snapshot) is is_taken, seconds


def test_what_has_run_out_is_swept(site: Site, still: StandingClock):
    run_once(site.portal)
    with site.portal.core.open_session() as session:
        throttle.count(session, account="ada", address="192.0.2.1", now=still.now())
        session.commit()
    still.advance(days=7)
    run_once(site.portal)
    sweep(site.portal)
    assert count(site, Sample) == 1
    assert count(site, LoginFailure) == 0


def test_lines_count_by_the_minute_and_bear_a_restart(site: Site, still: StandingClock):
    for scrapes in (5, 9, 9, 2):
        snapshot = site.portal.overview.take()
        snapshot.metrics.scrapes = scrapes
        with site.portal.core.open_session() as session:
            take(session, snapshot)
            session.commit()
        still.advance(minutes=1)
    points = site.portal.overview.take().metrics.history
    assert [point.count for point in points] == [4, 0, 2]
    assert points[-1].at == still.now() - timedelta(minutes=1)


def test_lines_show_the_last_hour_of_minutes(session: Session):
    """The first of them counts from the sample before it."""
    for minute in range(65):
        take(session, calm(generated_at=NOW + minute * MINUTE))
        session.flush()
    shown = samples.history(session)
    minutes = [NOW + minute * MINUTE for minute in range(5, 65)]
    for points in (shown.pool, shown.scrapes, shown.waf, shown.perimeter):
        assert [one.at for one in points] == minutes


def test_a_sample_is_kept_for_a_week(session: Session):
    take(session, calm(generated_at=NOW))
    take(session, calm(generated_at=NOW + MINUTE))
    session.flush()
    for now, left in ((NOW + 7 * DAY - TICK, [NOW, NOW + MINUTE]), (NOW + 7 * DAY, [NOW + MINUTE])):
        samples.sweep(session, now=now)
        assert list(session.scalars(select(Sample.at).order_by(Sample.at))) == left
