"""On a quiet site nothing moves but when the day turns, or something begins or ends."""

from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from portal.status.components import ComponentIn, Impact, State
from portal.status.incidents import ImpactLevel, IncidentIn
from portal.status.windows import WindowIn
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.instants import DAY, HOUR, NOW, TICK
from tests.sites import Site


def test_nothing_moves_on_a_quiet_site_but_when_the_day_turns(site: Site, still: StandingClock):
    still.moment = NOW.replace(hour=0, minute=1)
    site.portal.status.components.add(By("a"), ComponentIn(slug="api", name="API"))
    later = NOW + 3 * DAY
    site.portal.status.windows.schedule(
        By("a"), WindowIn(title="Work", starts_at=later, ends_at=later + HOUR)
    )
    client, board = site.client(), site.portal.board
    paths = ("/", "/banner", "/board", "/api/status", "/api/runtime/maintenance", "/feed.atom")

    def now() -> list[tuple[str, bytes]]:
        found = [client.get(path) for path in paths]
        return [(one.headers["ETag"], one.data) for one in found]

    first, rebuilds = now(), board.rebuilds
    for _ in range(23):
        still.advance(hours=1)
        assert now() == first
        assert board.age_seconds == 0
    assert board.rebuilds == rebuilds
    still.moment = (NOW + DAY).replace(hour=0)
    assert now() != first
    assert board.rebuilds == rebuilds + 1


def test_the_tag_moves_when_something_begins_and_when_it_ends(site: Site, still: StandingClock):
    starts = NOW + 3 * HOUR
    site.portal.status.windows.schedule(
        By("a"), WindowIn(title="Work", starts_at=starts, ends_at=starts + HOUR)
    )
    client = site.client()

    def tags() -> set[str]:
        paths = ("/banner", "/api/status")
        return {client.get(path).headers["ETag"] for path in paths}

    for instant in (starts, starts + HOUR):
        still.moment = instant - TICK
        before = tags()
        still.moment = instant
        assert not tags() & before, instant


def test_while_something_goes_on_its_length_grows_in_steps(site: Site, still: StandingClock):
    status = site.portal.status
    status.components.add(By("a"), ComponentIn(slug="api", name="API"))
    still.advance(minutes=1)
    status.incidents.open(
        By("a"),
        IncidentIn(
            title="Down",
            impact=ImpactLevel.MAJOR,
            message="We look.",
            components=[Impact(component="api", state=State.MAJOR)],
        ),
    )
    rebuilds, found = site.portal.board.rebuilds, []
    for _ in range(60):
        (shown,) = site.portal.board.current().picture.components
        found.append(shown.events[0].minutes)
        still.advance(minutes=1)
    # To the full five minutes of the clock; what has just begun is told as a minute.
    assert sorted(set(found)) == [1, *range(4, 60, 5)]
    assert site.portal.board.rebuilds == rebuilds + 12


def test_without_the_database_a_window_leaves_the_page_and_its_components(
    site: Site, still: StandingClock, monkeypatch: pytest.MonkeyPatch
):
    site.portal.status.components.add(By("a"), ComponentIn(slug="api", name="API"))
    begins = NOW + 4 * HOUR
    for title, start in (("Now", NOW), ("Later", begins)):
        site.portal.status.windows.schedule(
            By("a"),
            WindowIn(title=title, starts_at=start, ends_at=start + HOUR, components=["api"]),
        )

    def away() -> Any:
        raise OperationalError("", {}, Exception())

    def seen() -> tuple[str, str]:
        body = site.client().get("/api/status").get_json()
        return body["indicator"], body["components"][0]["state"]

    assert seen() == ("maintenance", "under_maintenance")
    monkeypatch.setattr(site.portal.board, "_open_session", away)
    for instant, expected in (
        (NOW + HOUR - TICK, ("maintenance", "under_maintenance")),
        (NOW + HOUR, ("none", "operational")),
        (begins, ("maintenance", "under_maintenance")),
        (begins + HOUR, ("none", "operational")),
        (begins + 30 * HOUR, ("none", "operational")),
    ):
        still.moment = instant
        assert seen() == expected, instant
    # It says since when nobody confirmed it, and how old it is.
    assert site.portal.board.age_seconds == (still.moment - NOW).total_seconds()
    assert site.client().get("/api/status").get_json()["staleSince"] == "2030-06-03T12:00:00Z"
