"""The wall clock jumps an hour either way; the boot clock goes on."""

from datetime import timedelta

import pytest

from portal import clock
from portal.accounts.roles import Role
from portal.audit import chain, search
from portal.guard.blocks import BlockIn, BlockScope
from portal.status.windows import WindowIn
from portal.store import engine
from portal.unit_of_work import By
from portal.worker import leadership, retention, rounds
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.instants import HOUR
from tests.sites import Site


def jump(still: StandingClock, by: timedelta) -> None:
    """What a correction of the clock does: the wall clock alone moves."""
    still.moment += by


def worker_round(site: Site) -> None:
    assert leadership.lead(site.portal.core, "worker")
    rounds.run_once(site.portal)
    retention.sweep(site.portal)


def kinds(site: Site) -> list[str]:
    with site.portal.core.open_session() as session:
        assert list(chain.verify(session))[-1].first_bad_seq is None
        return [row.type for row in search.search(session, limit=200)[0]]


@pytest.mark.fault(11)
@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_scrape_ages_do_not_jump(site: Site, still: StandingClock, by: timedelta):
    assert site.scrape().status_code == 200
    still.advance(seconds=30)
    jump(still, by)
    assert site.figure("gigvora_metrics_seconds_since_last_scrape") == 30
    still.advance(seconds=200)
    alerts = [one.id for one in site.portal.overview.take().alerts]
    assert "exporter-stale" in alerts
    jump(still, -by)
    assert site.figure("gigvora_metrics_seconds_since_last_scrape") == 200


@pytest.mark.fault(11)
def test_a_window_starts_and_ends_by_the_wall_clock_and_is_told_once(
    site: Site, still: StandingClock
):
    starts = still.moment + timedelta(minutes=30)
    site.portal.status.windows.schedule(
        By("a"), WindowIn(title="Work", starts_at=starts, ends_at=starts + timedelta(minutes=20))
    )

    def shown() -> str:
        site.portal.board.refresh()
        (one,) = (
            site.client()
            .get("/api/runtime/maintenance?includeResolved=true")
            .get_json()["announcements"]
        )
        return str(one["status"])

    assert shown() == "scheduled"
    worker_round(site)
    jump(still, HOUR)
    worker_round(site)
    assert shown() == "resolved"
    jump(still, -HOUR)
    worker_round(site)
    assert shown() == "scheduled"
    still.advance(minutes=35)
    worker_round(site)
    assert shown() == "active"
    assert kinds(site).count("maintenance.window.created") == 1


@pytest.mark.fault(11)
@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_a_limit_that_was_reached_ends_with_its_window(
    build: Build, still: StandingClock, by: timedelta
):
    site = build(rate_limit="5/minute")
    client = site.client()
    assert [client.get("/api/status").status_code for _ in range(6)] == [200] * 5 + [429]
    jump(still, by)
    still.advance(minutes=2)
    assert client.get("/api/status").status_code == 200
    counts = site.portal.runtime.counters.read()
    assert (counts.hits, counts.allowed, counts.blocked) == (7, 6, 1)


@pytest.mark.fault(11)
def test_a_block_that_ran_out_is_noted_once_and_comes_to_an_end_all_the_same(
    site: Site, still: StandingClock
):
    given = BlockIn(scope=BlockScope.IP, value="203.0.113.5", duration="30m", reason="x")
    site.portal.guard.blocks.add(By("a"), given, caller="192.0.2.1")
    jump(still, HOUR)
    worker_round(site)
    jump(still, -HOUR)
    worker_round(site)
    assert kinds(site).count("perimeter.block.expired") == 1
    site.portal.guard.perimeter.refresh()
    still.advance(minutes=31)
    worker_round(site)
    headers = {"X-Forwarded-For": "203.0.113.5"}
    assert site.client().get("/api/status", headers=headers).status_code == 200
    assert kinds(site).count("perimeter.block.expired") == 1


@pytest.mark.fault(11)
def test_a_session_that_ran_out_does_not_come_back(site: Site, still: StandingClock):
    person = site.signed_in(Role.VIEWER)
    assert person.client.get("/panel").status_code == 200
    jump(still, HOUR)
    assert person.client.get("/panel").status_code == 302
    jump(still, -HOUR)
    # It was not swept; that it was seen at a time before it ran out makes it alive again, and
    # that is right: the hour has not passed.
    assert person.client.get("/panel").status_code == 200
    still.advance(minutes=20)
    assert person.client.get("/panel").status_code == 200
    still.advance(minutes=20)
    assert person.client.get("/panel").status_code == 200
    still.advance(minutes=31)
    assert person.client.get("/panel").status_code == 302
    jump(still, -HOUR)
    assert person.client.get("/panel").status_code == 302


@pytest.mark.fault(11)
@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_episodes_open_and_close_once(site: Site, still: StandingClock, by: timedelta):
    assert site.scrape().status_code == 200
    still.advance(seconds=200)
    worker_round(site)
    jump(still, by)
    worker_round(site)
    jump(still, -by)
    worker_round(site)
    assert kinds(site).count("monitoring.exporter.stale") == 1
    assert site.scrape().status_code == 200
    worker_round(site)
    worker_round(site)
    assert kinds(site).count("monitoring.exporter.recovered") == 1


@pytest.mark.fault(11)
@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_pages_and_pictures_follow_the_clock(site: Site, still: StandingClock, by: timedelta):
    client = site.client()
    work = WindowIn(title="Work", ends_at=still.moment + HOUR / 2)
    site.portal.status.windows.schedule(By("a"), work)
    assert client.get("/api/status").get_json()["indicator"] == "maintenance"
    jump(still, by)
    # Before it begins, or after it is over: the picture is another one, made now.
    told = client.get("/api/status").get_json()
    assert told["indicator"] == "none"
    assert told["generatedAt"] == clock.iso(clock.now())
    assert told["staleSince"] is None


@pytest.mark.fault(32)
def test_a_window_that_came_and_went_while_everything_was_down_is_over_at_the_first_look(
    site: Site, build: Build, still: StandingClock
):
    starts = still.moment + timedelta(minutes=30)
    site.portal.status.windows.schedule(
        By("a"), WindowIn(title="Work", starts_at=starts, ends_at=starts + HOUR)
    )
    recorded = len(kinds(site))
    still.advance(hours=3)
    later = build(data_dir=site.settings.data_dir)
    assert "Nothing is monitored yet" in later.client().get("/").get_data(as_text=True)
    told = later.client().get("/api/runtime/maintenance?includeResolved=true&windowMinutes=1440")
    assert [one["status"] for one in told.get_json()["announcements"]] == ["resolved"]
    with later.portal.core.open_session() as session:
        engine.begin_write(session)
    worker_round(later)
    assert len([kind for kind in kinds(later) if kind.startswith("maintenance")]) == recorded
