"""Uptime of several lengths, and what touched a component; on values alone."""

from datetime import date, timedelta

import pytest

from portal.board import components, days
from portal.board.days import Interval
from portal.status.components import State
from tests.board.parts import HOUR, NOW, interval, part

pytestmark = pytest.mark.unit
DAY = 24


def test_each_length_counts_its_own_days():
    shown = components.view(
        part(),
        [
            interval(State.MAJOR, 2 * DAY, 2 * DAY - 1, "INC-1"),
            interval(State.PARTIAL, 20 * DAY, 20 * DAY - 1, "INC-2"),
            interval(State.MAJOR, 80 * DAY, 80 * DAY - 2, "INC-3"),
        ],
        now=NOW,
    )
    hours = {length: shown.uptime_of(length).down_seconds / 3600 for length in (7, 30, 60, 90)}
    assert hours == {7: 1, 30: 1.5, 60: 1.5, 90: 3.5}
    assert shown.uptime_of(7).ratio == round(1 - 1 / (7 * DAY), 6)
    assert shown.uptime_of(90).ratio == shown.uptime


def test_days_that_are_not_known_are_not_counted():
    shown = components.view(part(since=NOW.date() - timedelta(days=4)), [], now=NOW)
    assert shown.uptime_of(7) == (1.0, 5, 0)
    assert shown.uptime_of(90) == (1.0, 5, 0)
    tomorrow = components.view(part(since=NOW.date() + timedelta(days=1)), [], now=NOW)
    assert tomorrow.uptime_of(7).ratio is None
    nothing = tomorrow.model_copy(update={"last_day": None, "states": []})
    assert nothing.uptime_of(7) == (None, 0, 0)


def test_lengths_move_with_the_days():
    shown = components.view(part(), [interval(State.MAJOR, 7 * DAY - 13, 7 * DAY - 14)], now=NOW)
    assert shown.uptime_of(7).down_seconds == 3600
    later = shown.at(NOW + timedelta(days=1))
    assert later.last_day == NOW.date() + timedelta(days=1)
    assert later.uptime_of(7).down_seconds == 0
    assert later.uptime_of(30).down_seconds == 3600


def test_what_touched_it_is_named_once_with_its_worst_and_its_times():
    window = Interval(State.UNDER_MAINTENANCE, NOW + HOUR, NOW + 2 * HOUR, "m-1", "Upgrade")
    shown = components.view(
        part(date(2029, 1, 1)),
        [
            Interval(State.DEGRADED, NOW - 3 * HOUR, NOW - 2 * HOUR, "INC-1", "Slow"),
            Interval(State.MAJOR, NOW - 2 * HOUR, None, "INC-1", "Slow"),
            interval(State.PARTIAL, 9, 8),
            window,
        ],
        now=NOW,
    )
    (slow,) = shown.touched_by(NOW)
    assert (slow.label, slow.title, slow.state) == ("INC-1", "Slow", State.MAJOR)
    assert (slow.began_at, slow.ended_at) == (NOW - 3 * HOUR, None)
    # What is planned is told when it begins.
    assert [one.label for one in shown.touched_by(NOW + HOUR)] == ["m-1", "INC-1"]


def test_an_entry_that_is_over_ends_with_its_last_part():
    parts = [interval(State.DEGRADED, 9, 7, "INC-1"), interval(State.PARTIAL, 7, 4, "INC-1")]
    (found,) = days.entries(parts)
    assert (found.state, found.ended_at) == (State.PARTIAL, NOW - 4 * HOUR)


def test_days_are_counted_as_far_as_they_are_known():
    assert components.view(part(), [], now=NOW).known_days == 90
    assert components.view(part(since=NOW.date() - timedelta(days=4)), [], now=NOW).known_days == 5


def test_it_is_not_seen_earlier_than_its_day():
    shown = components.view(part(), [interval(State.MAJOR, 1, None)], now=NOW)
    assert shown.at(NOW - timedelta(days=1)) is shown
    assert shown.at(NOW + HOUR) is not shown
    bare = shown.model_copy(update={"today": None})
    assert bare.at(NOW + timedelta(days=1)) is bare


def test_days_that_somebody_has_are_not_computed_again():
    known = [days.DayEvent(day=date(2030, 6, 1), state=State.MAJOR, minutes=7, labels=["known"])]
    shown = components.view(part(), [interval(State.PARTIAL, 60, 59)], now=NOW, closed=known)
    assert [one.labels for one in shown.events] == [["known"]]


@pytest.mark.parametrize(
    ("begin", "end", "changed", "why"),
    [
        (15, 12, 12, "it ended as the day began"),
        (15, 11, 11, "it ended today"),
        (12, None, 12, "it began as the day did"),
        (0, None, 0, "it begins now"),
        (-1, None, None, "it has not begun"),
        (50, -1, 50, "it goes on"),
    ],
)
def test_when_it_changed_last(begin: float, end: float | None, changed: float | None, why: str):
    shown = components.view(part(), [interval(State.MAJOR, begin, end)], now=NOW)
    assert shown.changed_at == (None if changed is None else NOW - changed * HOUR), why


def test_only_what_reaches_beyond_midnight_is_kept_for_later():
    over, goes_on = interval(State.MAJOR, 15, 12), interval(State.MAJOR, 15, 11)
    ahead = components.view(part(), [over, goes_on, interval(State.MAJOR, 2, None)], now=NOW).ahead
    assert [one.ended_at for one in ahead] == [goes_on.ended_at, None]
