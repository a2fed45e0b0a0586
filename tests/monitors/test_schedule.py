"""When the next look is due, on a clock of plain seconds."""

import pytest

from portal.monitors.schedule import JITTER, SPREAD_SECONDS, Schedule

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("interval", "age", "at_once", "due", "why"),
    [
        (60, None, True, 1000, "it was asked for at once"),
        (60, 10, True, 1000, "however long ago the last one was"),
        (60, 10, False, 1050, "an interval after the last one"),
        (60, 0, False, 1060, "the last one has just been made"),
        (60, 60, False, 1015, "what is late is spread"),
        (60, -1, False, 1015, "a last one in the future says nothing"),
        (60, None, False, 1015, "there was none"),
        (20, None, False, 1010, "over its interval where that is shorter"),
    ],
)
def test_the_first_look(interval: float, age: float | None, at_once: bool, due: float, why: str):
    schedule = Schedule(chance=lambda: 0.5)
    schedule.begin(1, now=1000, interval=interval, age=age, at_once=at_once)
    assert schedule.next_due() == due, why
    assert schedule.take(due - 0.1) == []
    assert schedule.take(due) == [(1, due)]
    assert schedule.next_due() is None


def test_what_has_begun_does_not_begin_again():
    schedule = Schedule(chance=lambda: 0.0)
    schedule.put(1, 1030)
    schedule.begin(1, now=1000, interval=60, age=None, at_once=True)
    assert schedule.next_due() == 1030


@pytest.mark.parametrize(("chance", "due"), [(0.0, 1058.8), (0.5, 1060), (1.0, 1061.2)])
def test_the_next_look_is_a_little_irregular(chance: float, due: float):
    schedule = Schedule(chance=lambda: chance)
    schedule.follow(1, 1000, now=1001, interval=60)
    assert schedule.next_due() == pytest.approx(due)
    assert JITTER == 0.02


@pytest.mark.parametrize(
    ("now", "due", "why"),
    [
        (1059.9, 1060, "it is in time"),
        (1060, 1090, "what was missed is not made up for, and spread"),
        (5000, 5030, "however much it was"),
    ],
)
def test_what_was_missed_is_not_made_up_for(now: float, due: float, why: str):
    schedule = Schedule(chance=lambda: 0.5)
    schedule.follow(1, 1000, now=now, interval=60)
    assert schedule.next_due() == due, why


def test_a_look_is_moved_forward_and_never_back():
    schedule = Schedule()
    schedule.put(1, 1060)
    for due, expected in ((1070, 1060), (1002, 1002)):
        schedule.sooner(1, due)
        assert schedule.next_due() == expected
    schedule.sooner(2, 1001)
    assert schedule.take(2000) == [(1, 1002)], "and only once"


def test_those_that_are_gone_are_not_looked_at():
    schedule = Schedule()
    for number in (1, 2, 3):
        schedule.put(number, 1000 + number)
    schedule.keep({2, 9})
    assert schedule.next_due() == 1002
    assert schedule.take(2000) == [(2, 1002)]


def test_late_ones_are_spread_over_half_a_minute_at_most():
    assert SPREAD_SECONDS == 30
