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
