"""Which announcements, windows and incidents are read into a picture."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from portal.board import published
from portal.board.picture import PAST_DAYS
from portal.board.published import CANCELLED_DAYS
from portal.status.bounded import Bounds
from portal.store import revision
from tests import rows
from tests.board.taken import incident, moment, take, window
from tests.instants import DAY, HOUR, NOW, TICK

# What is over leaves the picture when a day turns, so that it stays the same all day.
MORNING = NOW - NOW.replace(hour=0)
AHEAD, PAST = 300 * DAY, PAST_DAYS * DAY + MORNING


@pytest.mark.parametrize(
    ("starts", "ends", "resolved", "is_draft", "is_shown", "why"),
    [
        (-HOUR, None, None, False, True, "it runs"),
        (-HOUR, None, None, True, False, "a draft is shown to nobody"),
        (AHEAD, None, None, False, True, "however far ahead"),
        (-9 * DAY, -PAST + TICK, None, False, True, "over a moment less than a week ago"),
        (-9 * DAY, -PAST, None, False, False, "a week ago"),
        (-9 * DAY, None, -PAST + TICK, False, True, "resolved less than a week ago"),
        (-9 * DAY, None, -PAST, False, False, "resolved a week ago"),
        (-9 * DAY, HOUR, -PAST - HOUR, False, False, "resolved long before its planned end"),
    ],
)
def test_which_announcements_are_read(session, starts, ends, resolved, is_draft, is_shown, why):
    session.add(
        rows.announcement(
            is_draft=is_draft,
            starts_at=NOW + starts,
            ends_at=moment(ends),
            resolved_at=moment(resolved),
        )
    )
    assert bool(take(session).banners) is is_shown, why


@pytest.mark.parametrize(
    ("values", "is_shown", "why"),
    [
        ({}, True, "it runs"),
        ({"awaits_approval": True}, False, "nobody approved it"),
        ({"cancelled_at": NOW}, False, "it was called off"),
        ({"starts_at": NOW + AHEAD, "ends_at": NOW + AHEAD + HOUR}, True, "however far ahead"),
        ({"starts_at": NOW - 9 * DAY, "ends_at": NOW - PAST + TICK}, True, "less than a week ago"),
        ({"starts_at": NOW - 9 * DAY, "ends_at": NOW - PAST}, True, "it is among the latest"),
        (
            {"starts_at": NOW - 9 * DAY, "ends_at": NOW - PAST, "audiences": ["admin"]},
            False,
            "a week ago, and not for everyone",
        ),
    ],
)
def test_which_windows_are_read(session: Session, values, is_shown, why):
    window(session, **values)
    assert bool(take(session).banners) is is_shown, why


@pytest.mark.parametrize(
    ("ago", "shown", "why"),
    [
        (PAST - TICK, 4, "less than a week ago, as many as are looked for"),
        (PAST, 2, "a week ago, the latest alone"),
        (PAST + DAY, 2, "and so before"),
    ],
)
def test_how_many_windows_that_are_over_are_shown(session: Session, ago, shown, why):
    """Whether somebody ended them or their time ran out, they are counted together."""
    times = {"starts_at": NOW - 20 * DAY, "ends_at": NOW - ago}
    for number in range(2):
        window(session, reference=f"out-{number}", **times)
        early = {**times, "ends_at": NOW - HOUR, "ended_at": NOW - ago}
        window(session, reference=f"early-{number}", **early)
    session.flush()
    found = published.take(session, now=NOW, bounds=Bounds(past=4, latest=2))
    assert len(found.banners) == shown, why


@pytest.mark.parametrize(
    ("ago", "awaits", "is_told", "why"),
    [
        (timedelta(0), False, True, "just now"),
        (CANCELLED_DAYS * DAY + MORNING - TICK, False, True, "a month ago, on the last day"),
        (CANCELLED_DAYS * DAY + MORNING, False, False, "before that day"),
        (timedelta(0), True, False, "nobody ever knew of it"),
    ],
)
def test_which_cancelled_windows_calendars_are_told(session: Session, ago, awaits, is_told, why):
    window(session, cancelled_at=NOW - ago, awaits_approval=awaits)
    assert bool(take(session).cancelled) is is_told, why


def test_incidents_are_read_with_a_banner_each(session: Session):
    incident(session)
    incident(session, 2, resolved_at=NOW - PAST + TICK, status="resolved")
    incident(session, 3, resolved_at=NOW - PAST, status="resolved", audiences=["admin"])
    found = take(session)
    assert {one.reference for one in found.incidents} == {"INC-1", "INC-2"}
    assert {one.ref for one in found.banners} == {"INC-1", "INC-2"}
    assert found.generated_at == NOW
    assert found.components == ()


def test_a_revision_that_was_just_read_is_not_read_again(session: Session):
    assert published.take(session, now=NOW, number=4711).revision == 4711
    assert published.take(session, now=NOW).revision == revision.current(session)
