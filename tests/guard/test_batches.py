"""What a key may still do without asking the storage, and how that is given back."""

from typing import Any

import pytest

from portal.guard import limits
from portal.guard.limits import Batch
from tests.clocks import StandingClock
from tests.guard.counters import Told, limit

pytestmark = pytest.mark.unit


def test_no_key_passes_its_limit(now: float):
    one = limit("20/minute")
    answers = [one.hit("ip:a", "GET /", now=now) for _ in range(25)]
    assert [answer.is_allowed for answer in answers] == [True] * 20 + [False] * 5
    assert [answer.remaining for answer in answers] == [*range(19, -1, -1), 0, 0, 0, 0, 0]
    assert {answer.reset_seconds for answer in answers} == {60}


def test_a_window_ends_by_the_clock(still: StandingClock, now: float):
    one = limit("2/minute")
    for _ in range(3):
        one.hit("ip:a", "GET /", now=now)
    still.advance(seconds=59.9)
    late = one.hit("ip:a", "GET /", now=now + 59.9)
    assert (late.is_allowed, late.reset_seconds) == (False, 1)
    still.advance(seconds=0.1)
    again = one.hit("ip:a", "GET /", now=now + 60)
    assert (again.is_allowed, again.remaining) == (True, 1)


def test_a_key_seen_once_takes_no_place(now: float):
    one = limit()
    one.hit("ip:a", "GET /", now=now)
    assert one._batches == {}
    one.hit("ip:a", "GET /", now=now)
    assert list(one._batches) == ["ip:a"]


def test_batches_grow_with_use_and_stay_an_eighth_of_what_is_left(now: float):
    one = limit("800/minute")
    taken: list[int] = []
    strategy = one._limiter.limiter
    whole = strategy.hit

    def hit(item: Any, key: str, cost: int = 1) -> bool:
        taken.append(cost)
        return whole(item, key, cost=cost)

    strategy.hit = hit  # type: ignore[method-assign]
    for _ in range(400):
        one.hit("ip:a", "GET /", now=now)
    assert taken[:7] == [1, 1, 2, 4, 8, 16, 32]
    assert max(taken) == (800 - 128) // 8
    assert max(taken) < limits.LARGEST_BATCH


def test_a_throttled_key_has_its_share(now: float):
    one = limit("100/minute")
    answers = [one.hit("ip:a", "GET /", now=now, share=10).is_allowed for _ in range(14)]
    assert answers == [True] * 10 + [False] * 4
    assert one.hit("ip:a", "GET /", now=now).is_allowed
    few = limit("5/minute")
    assert [few.hit("ip:b", "GET /", now=now, share=10).is_allowed for _ in range(3)] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("reset", "is_used", "why"),
    [
        (30.0, True, "the window goes on"),
        (0.0, False, "it ends now"),
        (-1.0, False, "it is over"),
        (120.0, True, "as far ahead as two windows"),
        (121.0, False, "a clock was set back since"),
    ],
)
def test_which_lease_is_believed(now: float, reset: float, is_used: bool, why: str):
    one = limit("100/minute")
    one._batches["ip:a"] = Batch(5, 50, now + reset)
    answer = one.hit("ip:a", "GET /", now=now)
    assert (answer.remaining == 49) is is_used, why
    assert answer.is_allowed


@pytest.mark.parametrize(
    ("lease", "is_counted", "why"),
    [
        ((5, 80, 30.0), True, "less than half is used"),
        ((5, 52, 30.0), True, "and still is after it"),
        ((5, 51, 30.0), False, "half of it would be used"),
        ((0, 80, 30.0), False, "the storage has to be asked"),
        ((5, 80, 0.0), False, "its window has ended"),
        ((5, 80, 120.0), True, "as far ahead as two windows"),
        ((5, 80, 121.0), False, "a clock was set back since"),
    ],
)
def test_which_polls_are_counted_at_once(
    now: float, lease: tuple[int, int, float], is_counted: bool, why: str
):
    one = limit("100/minute")
    one.hit("ip:b", "GET /", now=now)
    left, remaining, reset = lease
    one._batches["ip:a"] = Batch(left, remaining, now + reset)
    assert one.poll("ip:a", "/", now) is is_counted, why
    assert one._batches["ip:a"].left == left - is_counted


@pytest.mark.parametrize(
    ("before", "reset", "is_allowed", "why"),
    [
        ((50, 20), 20, True, "the window goes on"),
        ((100, 20), 60, True, "the first of a window begins it"),
        ((50, 0), 60, True, "it ended this instant"),
        ((50, -5), 60, True, "it is over"),
        ((0, 20), 20, False, "nothing is left"),
        ((0, 0), 60, True, "nothing was left of the one that ended this instant"),
    ],
)
def test_when_a_window_ends(
    now: float, before: tuple[int, float], reset: float, is_allowed: bool, why: str
):
    remaining, ends = before
    one = limit("100/minute", Told((remaining, now + ends), (99, now + 60)))
    answer = one.hit("ip:a", "GET /", now=now)
    assert (answer.is_allowed, answer.reset_seconds) == (is_allowed, reset), why


def test_a_lease_without_anything_left_refuses_without_asking(now: float):
    one = limit("100/minute")
    one._batches["ip:a"] = Batch(0, 0, now + 30)
    answer = one.hit("ip:a", "GET /", now=now)
    assert (answer.is_allowed, answer.reset_seconds) == (False, 30)
    one._batches["ip:b"] = Batch(0, 7, now + 30)
    assert one.hit("ip:b", "GET /", now=now).remaining == 99


def test_who_finds_the_table_full_can_use_all_of_the_limit(
    monkeypatch: pytest.MonkeyPatch, now: float
):
    """Nothing is kept for such a key, so nothing may be taken beyond the request itself."""
    monkeypatch.setattr(limits, "MOST_BATCHES", 1)
    one = limit("20/minute")
    for _ in range(2):
        one.hit("ip:first", "GET /", now=now)
    answers = [one.hit("ip:late", "GET /", now=now) for _ in range(21)]
    assert [answer.is_allowed for answer in answers] == [True] * 20 + [False]
    assert [answer.remaining for answer in answers] == [*range(19, -1, -1), 0]
    assert list(one._batches) == ["ip:first"]


@pytest.mark.parametrize(("passed", "is_counted"), [(0.0, True), (59.9, True), (60.0, False)])
def test_polls_are_counted_at_once_in_the_window_that_has_begun(
    now: float, passed: float, is_counted: bool
):
    one = limit("100/minute")
    one.hit("ip:b", "GET /", now=now)
    one._batches["ip:a"] = Batch(5, 80, now + 120)
    assert one.poll("ip:a", "/", now + passed) is is_counted
