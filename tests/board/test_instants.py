"""A board made anew at its instants alone tells the same as one made at any other."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from portal.board import components, instants, published
from portal.board.answers import Answers
from portal.board.days import Interval
from portal.status.announcements import Announcement
from portal.status.components import ComponentIn, Impact, Span, State
from portal.status.incidents import ImpactLevel, IncidentIn
from portal.status.windows import Window, WindowIn
from portal.store import revision
from portal.unit_of_work import By
from tests.board.mixes import Mix
from tests.board.parts import interval, part, stored
from tests.clocks import StandingClock
from tests.instants import DAY, HOUR, MINUTE, NOW, TICK
from tests.sites import Site

PATHS = (
    "/",
    "/banner",
    "/board",
    "/api/status",
    "/api/runtime/maintenance",
    "/components/c0",
    "/components/c1",
    "/feed.atom",
    "/feed.json",
    "/calendar.ics",
    "/badge.svg",
    "/api/v2/summary.json",
    "/api/v2/incidents.json",
    "/api/v2/scheduled-maintenances.json",
)
VARIANT = "windowMinutes=1440&includeResolved=true&limit=50"


def told(answers: Answers, now: datetime) -> dict[str, str]:
    """The tags of all answers; each is of the bytes but for when they were made."""
    found = {path: answers.make(path, "", now) for path in PATHS}
    found["variant"] = answers.make("/api/runtime/maintenance", VARIANT, now)
    return {path: one.etag for path, one in found.items() if one is not None}


def fill(session: Session, seed: int, *, is_all_over: bool) -> None:
    """Windows, announcements and incidents, and components with what impaired them."""
    mix, dice = Mix(session, seed), random.Random(seed)
    for number in range(3):
        since = (NOW - 200 * DAY).date()
        session.add(stored(number, since, NOW - 100 * DAY, is_public=number < 2))
    session.flush()
    for _ in range(25):
        began = NOW - abs(mix.moment(100) - NOW)
        ended = dice.choice([None, began + HOUR, began + 2 * DAY, began + dice.random() * HOUR])
        if is_all_over:
            ended = min(ended or NOW, NOW)
        session.add(
            Span(
                component_id=dice.randrange(1, 4),
                incident_id=None if dice.random() < 0.4 else dice.randrange(1, 31),
                state=dice.choice(list(State)).value,
                began_at=began,
                ended_at=ended,
            )
        )
    for row in session.query(Window):
        row.components = dice.sample(["c0", "c1", "c2"], dice.randrange(3))
    revision.advance(session)
    session.commit()


def edges(session: Session) -> list[datetime]:
    """Every instant that a row speaks of, and those ninety minutes before."""
    rows = session.query(Window.starts_at, Window.ends_at).all()
    rows += session.query(Announcement.starts_at, Announcement.ends_at).all()
    rows += session.query(Span.began_at, Span.ended_at).all()
    found = {one for row in rows for one in row if one is not None}
    return sorted(found | {one - instants.NEAR for one in found})


@pytest.mark.unit
def test_what_goes_on_is_told_anew_at_its_next_step():
    now = datetime(2030, 6, 3, 12, 7, tzinfo=UTC)
    one = Interval(State.MAJOR, now - timedelta(hours=1), None, "")
    assert instants.next_change(now, [], [one]) == now + timedelta(minutes=3)
    over = one._replace(ended_at=now)
    assert instants.next_change(now, [], [over]) == datetime(2030, 6, 4, tzinfo=UTC)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_served_is_what_a_board_made_at_that_instant_serves(
    site: Site, still: StandingClock, seed: int
):
    board, dice = site.portal.board, random.Random(seed)
    with site.portal.core.open_session() as session:
        # With something that goes on, which is told in steps, and without.
        fill(session, seed, is_all_over=seed % 2 == 0)
        ahead = [one for one in edges(session) if NOW < one < NOW + 9 * DAY]
    looks = [NOW, *(one - step for one in dice.sample(ahead, 12) for step in (TICK, 0 * TICK))]
    looks += [NOW + dice.random() * 9 * DAY for _ in range(4)]
    for still.moment in sorted(looks):
        served = board.current()
        assert served is not None
        with site.portal.core.open_session() as session:
            fresh = board._publish(published.take(session, now=still.moment), None)
        assert told(served, still.moment) == told(fresh, still.moment), still.moment


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


@pytest.mark.parametrize("seed", range(30))
def test_a_component_seen_later_from_what_it_knows_is_the_component_of_that_instant(seed: int):
    dice, row = random.Random(seed), part()
    intervals: list[Interval] = []
    for _ in range(8):
        begin = dice.uniform(-48, 2300)
        end = dice.choice([None, begin - 0.01, begin - dice.uniform(0, 30)])
        intervals.append(interval(dice.choice(list(State)[1:]), begin, end, dice.choice("ab")))
    first = components.view(row, intervals, now=NOW)
    for hours in (0, dice.uniform(0, 12), 12, dice.uniform(12, 48), dice.uniform(48, 3000)):
        later = NOW + hours * HOUR
        assert first.at(later).model_dump(exclude={"today", "ahead"}) == components.view(
            row, intervals, now=later
        ).model_dump(exclude={"today", "ahead"}), hours


@pytest.mark.unit
@pytest.mark.parametrize(
    ("minutes", "step"), [(0, 0), (4.99, 0), (5, 5), (12, 10), (59.9, 55), (60, 60)]
)
def test_what_goes_on_is_counted_in_steps_of_five_minutes(minutes: float, step: int):
    assert instants.step(NOW + minutes * MINUTE) == NOW + step * MINUTE
