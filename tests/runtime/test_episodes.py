"""Alerts as rules on a snapshot, and their episodes in the store and the audit log."""

from datetime import timedelta

import pytest

from portal.audit import search
from portal.runtime import alerts, episodes
from portal.runtime.episode import Closing, Episode
from portal.runtime.episodes import KEPT, open_ones
from portal.runtime.snapshot import Refused, Worker
from portal.store import revision
from tests.clocks import StandingClock
from tests.sites import Site


def held(site: Site, **changes: object) -> list[str]:
    """The ids of what holds on a calm snapshot with one thing changed."""
    snapshot = site.portal.overview.take()
    for path, value in changes.items():
        *steps, last = path.split("__")
        target = snapshot
        for step in steps:
            target = getattr(target, step)
        setattr(target, last, value)
    return [one.id for one in alerts.hold(snapshot, runbook="/r")]


def refusals(site: Site, count: int, age: timedelta = timedelta()) -> list[Refused]:
    at = site.portal.overview.take().generated_at - age
    return [Refused(at=at, reference="r", address="192.0.2.1", rule="x", route="GET /")] * count


def worker(status: str = "healthy", stuck: int = 0) -> list[Worker]:
    return [
        Worker(
            name="w",
            status=status,
            is_required=False,
            pending=0,
            stuck=stuck,
            failed=0,
            interval_ms=1000,
            last_sample_at=None,
            note="",
            history=[],
        )
    ]


@pytest.mark.usefixtures("still")
def test_each_rule_holds_from_its_threshold_on(site: Site):
    assert held(site) == []
    window = "rate_limit__current_window__"
    truth = [
        ({f"{window}hits": 50, f"{window}blocked_ratio": 0.11}, ["rate-limit-pressure"]),
        ({f"{window}hits": 50, f"{window}blocked_ratio": 0.1}, []),
        ({f"{window}hits": 49, f"{window}blocked_ratio": 0.9}, []),
        ({"waf__recent_blocks": refusals(site, 20)}, ["waf-spike"]),
        ({"waf__recent_blocks": refusals(site, 19)}, []),
        ({"waf__recent_blocks": refusals(site, 25, timedelta(minutes=6))}, []),
        ({"waf__recent_blocks": refusals(site, 25), "waf__blocked_lately": 260}, ["waf-spike"]),
        ({"perimeter__recent": refusals(site, 20)}, ["perimeter-spike"]),
        ({"workers": worker("error")}, ["worker-error"]),
        ({"workers": worker("stopped")}, []),
        ({"workers": worker(stuck=1)}, ["worker-stuck"]),
        ({"database_pool__pending": 3}, ["pool-waiting"]),
        ({"database_pool__pending": 2}, []),
    ]
    for changes, expected in truth:
        assert held(site, **changes) == expected, changes


@pytest.mark.usefixtures("still")
def test_a_spike_has_its_whole_figure(site: Site, still: StandingClock):
    client = site.client()
    for _ in range(13):
        for _ in range(5):
            client.get("/history?month=1%20union%20select%20password%20from%20users")
        still.advance(seconds=20)
    taken = site.portal.overview.take()
    assert taken.waf.blocked + taken.perimeter.total_blocked == 65
    lately = {"waf-spike": taken.waf.blocked, "perimeter-spike": taken.perimeter.total_blocked}
    found = {one.id: one.value for one in taken.alerts if one.id in lately}
    assert found == {name: count for name, count in lately.items() if count >= 20}
    assert max(found.values()) > 25
    still.advance(minutes=6)
    assert site.portal.overview.take().waf.blocked_lately == 0


def events(site: Site) -> list[tuple[str, dict[str, object]]]:
    with site.portal.core.open_session() as session:
        rows = search.search(session, event_type="monitoring.")[0]
        return [(row.type, row.detail) for row in reversed(rows)]


def step(site: Site) -> None:
    site.portal.runtime.episodes.reconcile(site.portal.overview.take())


def test_a_stall_is_one_episode_with_its_gap(either: Site, still: StandingClock):
    either.scrape()
    step(either)
    still.advance(seconds=180)
    step(either)
    assert events(either) == []
    still.advance(seconds=1)
    step(either)
    still.advance(seconds=200)
    step(either)
    (stale,) = events(either)
    assert stale[0] == "monitoring.exporter.stale"
    assert (stale[1]["age_seconds"], stale[1]["threshold"]) == (181, 180)
    either.scrape()
    step(either)
    either.scrape()
    step(either)
    _, recovered = events(either)
    assert recovered[0] == "monitoring.exporter.recovered"
    assert recovered[1]["gap_seconds"] == 381
    assert recovered[1]["scraper"] == "prometheus"


def test_a_stall_ends_with_the_scrape_and_not_with_the_look_that_found_it(
    site: Site, still: StandingClock
):
    site.scrape()
    still.advance(seconds=181)
    step(site)
    site.scrape()
    came = still.now()
    still.advance(seconds=9)
    step(site)
    assert events(site)[-1][1]["gap_seconds"] == 181
    with site.portal.core.open_session() as session:
        assert session.query(Episode).one().closed_at == came


def test_who_came_during_a_stall_stays_named(site: Site, still: StandingClock):
    site.scrape()
    still.advance(seconds=181)
    snapshot = site.portal.overview.take()
    (alert,) = snapshot.alerts
    for labels in ({"scraper": "a"}, {"scraper": "a", "others": "b"}, {"scraper": "a, b"}):
        alert.labels = labels
        site.portal.runtime.episodes.reconcile(snapshot)
    with site.portal.core.open_session() as session:
        assert session.query(Episode).one().labels == {"scraper": "a, b", "others": "b"}


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
