"""Episodes of alerts in the store and the audit log: opened once, dated, read and kept."""

from datetime import timedelta

import pytest

from portal.runtime import alerts, episodes
from portal.runtime.episode import Closing, Episode
from portal.runtime.episodes import KEPT, open_ones
from portal.store import revision
from tests.clocks import StandingClock
from tests.runtime.steps import events, step
from tests.sites import Site


def test_an_alert_that_concerns_no_component_makes_no_new_page(site: Site, still: StandingClock):
    site.scrape()
    still.advance(seconds=181)
    with site.portal.core.open_session() as session:
        before = revision.current(session)
    step(site)
    with site.portal.core.open_session() as session:
        assert len(open_ones(session)) == 1
        assert revision.current(session) == before


def test_which_episodes_are_read_to_the_instant(site: Site, still: StandingClock):
    """Those that closed at an instant are not of the time after it."""
    site.scrape()
    still.advance(seconds=181)
    step(site)
    with site.portal.core.open_session() as session:
        (row,) = open_ones(session)
        now, tick = still.now(), timedelta(microseconds=1)
        held = now - row.opened_at
        assert episodes.lasting(session, held - tick, now=now) == [row]
        assert episodes.lasting(session, held, now=now) == []
        row.closed_at, row.closed_by = now, Closing.LAPSED
        session.flush()
        for since, found in ((now - tick, [row]), (now, [])):
            assert episodes.open_or_lapsed(session, since=since) == found
            assert episodes.open_or_closed_since(session, [row.alert], since=since) == found
        assert episodes.open_or_closed_since(session, [], since=now - tick) == []


def test_an_episode_is_kept_for_four_hundred_days(site: Site, still: StandingClock):
    site.scrape()
    still.advance(seconds=181)
    step(site)
    site.scrape()
    step(site)
    closed = still.now()
    with site.portal.core.open_session() as session:
        for now, count in ((closed + KEPT - timedelta(seconds=1), 1), (closed + KEPT, 0)):
            episodes.sweep(session, now=now)
            assert session.query(Episode).count() == count


def test_an_alert_is_dated_by_its_episode_and_closes_after_a_while(
    site: Site, still: StandingClock
):
    calm = site.portal.overview.take()
    pressed = calm.model_copy(deep=True)
    pressed.database_pool.pending = 5
    pressed.alerts = alerts.hold(pressed, runbook="/r")
    began = pressed.generated_at
    site.portal.runtime.episodes.reconcile(pressed)
    still.advance(seconds=30)
    with site.portal.core.open_session() as session:
        (episode,) = open_ones(session)
    assert (episode.alert, episode.opened_at, episode.peak) == ("pool-waiting", began, 5)
    pressed.generated_at = still.now()
    pressed.database_pool.pending = 9
    pressed.alerts = alerts.hold(pressed, runbook="/r")
    episodes.date(pressed.alerts, [episode])
    assert pressed.alerts[0].since == began
    site.portal.runtime.episodes.reconcile(pressed)
    still.advance(seconds=59)
    site.portal.runtime.episodes.reconcile(calm)
    assert [kind for kind, _ in events(site)] == ["monitoring.episode.opened"]
    still.advance(seconds=1)
    site.portal.runtime.episodes.reconcile(calm)
    kind, detail = events(site)[-1]
    assert kind == "monitoring.episode.closed"
    assert detail["seconds"] == 90
    with site.portal.core.open_session() as session:
        row = session.get(Episode, episode.id)
        assert row is not None
        assert row.peak == 9


def test_two_workers_open_one_episode(either: Site, still: StandingClock):
    from sqlalchemy.exc import IntegrityError

    either.scrape()
    still.advance(seconds=181)
    snapshot = either.portal.overview.take()
    either.portal.runtime.episodes.reconcile(snapshot)
    with either.portal.core.open_session() as session:
        (one,) = open_ones(session)
        session.add(
            Episode(
                **{
                    column.name: getattr(one, column.name)
                    for column in Episode.__table__.columns
                    if column.name != "id"
                }
            )
        )
        with pytest.raises(IntegrityError):
            session.commit()
