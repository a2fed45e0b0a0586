"""A component's days: where they are cut, what is counted on each, and what it was; on values."""

from datetime import date
from typing import Any

import pytest

from portal.board import components
from portal.board import days as board_days
from portal.board.days import Interval
from portal.status.components import Component, State
from tests.board.parts import HOUR, NOW, interval, part

pytestmark = pytest.mark.unit


def down(*intervals: Interval) -> float:
    """Hours that count as down."""
    uptime = components.view(part(), list(intervals), now=NOW).uptime
    assert uptime is not None
    return round((1 - uptime) * 90 * 24, 1)


def days(*intervals: Interval) -> list[tuple[int, State, int]]:
    shown = components.view(part(), list(intervals), now=NOW)
    return [(one.day.day, one.state, one.minutes) for one in shown.events]


def test_quiet_hours_between_two_outages_do_not_count():
    both = interval(State.MAJOR, 9, 8), interval(State.MAJOR, 5, 3)
    assert down(*both) == 3.0
    assert days(*both) == [(3, State.MAJOR, 180)]


def test_a_day_tells_how_long_it_was_at_its_worst():
    assert days(interval(State.DEGRADED, 9, 5), interval(State.MAJOR, 5, 4)) == [
        (3, State.MAJOR, 60)
    ]
    assert days(interval(State.DEGRADED, 9, 3), interval(State.MAJOR, 5, 4)) == [
        (3, State.MAJOR, 60)
    ]


def test_what_ends_at_midnight_is_not_of_the_next_day():
    assert days(interval(State.MAJOR, 14, 12)) == [(2, State.MAJOR, 120)]
    assert days(interval(State.MAJOR, 12, 11)) == [(3, State.MAJOR, 60)]
    assert days(interval(State.MAJOR, 5, 5)) == []


def test_a_moment_is_told_as_a_minute():
    assert days(interval(State.MAJOR, 5, 4.999)) == [(3, State.MAJOR, 1)]
    assert days(interval(State.MAJOR, 5, 4.96)) == [(3, State.MAJOR, 2)]


def test_what_has_no_name_names_nothing():
    shown = components.view(
        part(),
        [
            interval(State.MAJOR, 9, 8),
            interval(State.MAJOR, 7, 6, "INC-1"),
            interval(State.MAJOR, 5, 4, "INC-1"),
        ],
        now=NOW,
    )
    assert shown.events[0].labels == ["INC-1"]


@pytest.mark.parametrize(
    ("row", "uptime", "why"),
    [(part(NOW.date()), 1.0, "today is"), (part(date(2030, 6, 4)), None, "tomorrow is not")],
)
def test_on_its_first_day(row: Component, uptime: float | None, why: str):
    """What is known of it is whole days, from the first moment of each."""
    shown = components.view(row, [], now=NOW)
    assert shown.uptime == uptime, why
    assert shown.states[:-1] == [None] * 89


def test_what_was_before_the_first_day_or_is_to_come_does_not_count():
    row = part(date(2030, 6, 3))
    found = components.view(row, [interval(State.MAJOR, 20, 6)], now=NOW)
    assert found.uptime == 0.75
    assert [one.day.day for one in found.events] == [3]
    assert days(interval(State.MAJOR, -1, -2)) == []
    assert days(interval(State.MAJOR, 1, -2)) == [(3, State.MAJOR, 60)]


@pytest.mark.parametrize(
    ("begin", "end", "state"),
    [
        (0, None, State.MAJOR),
        (1, 0, State.OPERATIONAL),
        (1, -0.001, State.MAJOR),
        (-0.001, None, State.OPERATIONAL),
    ],
)
def test_the_state_of_this_instant(begin, end, state):
    shown = components.view(part(), [interval(State.MAJOR, begin, end)], now=NOW)
    assert shown.state is state


def test_two_at_once_on_a_day_are_weighed_as_the_worse():
    assert down(interval(State.PARTIAL, 8, 4), interval(State.MAJOR, 6, 5)) == 2.5
    assert down(interval(State.UNDER_MAINTENANCE, 8, 4), interval(State.MAJOR, 6, 5)) == 0.0
    assert down(interval(State.DEGRADED, 8, 4)) == 0.0


@pytest.mark.parametrize(
    ("hand", "changed", "left", "why"),
    [
        ((6, 4), 9, [(8, 6), (4, 2)], "in the middle"),
        ((9, 4), 9, [(4, 2)], "over its beginning, since the alert changed"),
        ((9, 4), 8, [(8, 2)], "the alert has changed since"),
        ((6, None), 9, [(8, 6)], "it holds still"),
        ((6, 2), 9, [(8, 6)], "as long as the alert"),
        ((6, 1), 9, [(8, 6)], "longer than the alert"),
        ((8, 2), 9, [], "just as long as the alert"),
        ((1, None), 9, [(8, 2)], "after the alert"),
    ],
)
def test_a_state_by_hand_stands_instead_of_an_alert(hand, changed, left, why):
    by_hand = [interval(State.OPERATIONAL, *hand)]
    found = board_days.not_overridden(interval(State.MAJOR, 8, 2), NOW - changed * HOUR, by_hand)
    assert found == [interval(State.MAJOR, *one) for one in left], why


def test_a_state_by_hand_of_before_the_alert_leaves_a_later_one_in_force():
    by_hand = [interval(State.OPERATIONAL, 9, 7), interval(State.OPERATIONAL, 6, 4)]
    found = board_days.not_overridden(interval(State.MAJOR, 8, 2), NOW - 8 * HOUR, by_hand)
    assert found == [interval(State.MAJOR, 8, 6), interval(State.MAJOR, 4, 2)]


@pytest.mark.parametrize(
    ("begin", "end", "left", "why"),
    [
        (14, 13, (14, 13), "it was over before"),
        (14, 12, (14, 12), "it ended as the day began"),
        (14, 11, (14, 12), "it ended today"),
        (14, None, (14, 12), "it goes on"),
        (12, None, None, "it began as the day did"),
    ],
)
def test_what_was_before_today(begin: float, end: float | None, left: Any, why: str):
    found = board_days.before([interval(State.MAJOR, begin, end)], NOW.replace(hour=0))
    assert found == ([] if left is None else [interval(State.MAJOR, *left)]), why


def test_an_alert_that_goes_on_goes_on_after_a_state_by_hand():
    by_hand = [interval(State.OPERATIONAL, 6, 4), interval(State.DEGRADED, 3, None)]
    found = board_days.not_overridden(interval(State.MAJOR, 8, None), NOW - 9 * HOUR, by_hand)
    assert found == [interval(State.MAJOR, 8, 6), interval(State.MAJOR, 4, 3)]
