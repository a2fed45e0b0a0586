"""Sampling and retention, one step at a time."""

from sqlalchemy import func, select

from portal.accounts import throttle
from portal.accounts.throttle import LoginFailure
from portal.cli.server import sweep, turn
from portal.runtime.samples import Sample
from tests.conftest import Site, StandingClock


def count(site: Site, table: type) -> int:
    with site.portal.open_session() as session:
        return session.scalar(select(func.count()).select_from(table))


def test_a_minute_gives_one_sample_however_many_workers(either: Site, still: StandingClock):
    for _ in range(3):
        turn(either.portal)
    still.advance(minutes=1)
    turn(either.portal)
    assert count(either, Sample) == 2
    history = either.portal.overview.take().database_pool.history
    assert [one.at for one in history] == sorted(one.at for one in history)
    assert len(history) == 2


def test_what_has_run_out_is_swept(site: Site, still: StandingClock):
    turn(site.portal)
    with site.portal.open_session() as session:
        throttle.record(session, account="ada", address="192.0.2.1", now=still.now())
        session.commit()
    still.advance(days=7)
    turn(site.portal)
    sweep(site.portal)
    assert count(site, Sample) == 1
    assert count(site, LoginFailure) == 0
