"""A board made anew at its instants alone tells the same as one made at any other."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from portal.board import components, instants, published
from portal.board.answers import Answers
from portal.board.days import Interval
from portal.status.announcements import Announcement
from portal.status.components import Span, State
from portal.status.windows import Window
from portal.store import revision
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
