"""What the limit says of a window, and of the keys near to their end."""

import pytest

from portal.guard.limits import Batch
from tests.clocks import StandingClock
from tests.guard.counters import limit

pytestmark = pytest.mark.unit


def test_figures_at_the_first_instant_of_a_window_are_of_that_window(now: float):
    one = limit("10/minute")
    one.hit("ip:a", "GET /", now=now)
    shown = one.figures()
    assert (shown.current_window.hits, shown.history) == (1, [])
    assert shown.config.storage == "memory"


@pytest.mark.parametrize(("passed", "hits"), [(59.9, [2]), (60.0, [1, 1])])
def test_a_request_counts_for_the_window_it_comes_in(
    still: StandingClock, now: float, passed: float, hits: list[int]
):
    one = limit("10/minute")
    one.hit("ip:a", "GET /", now=now)
    still.advance(seconds=passed)
    one.hit("ip:a", "GET /", now=now + passed)
    shown = one.figures()
    assert [window.hits for window in (shown.current_window, *shown.history)] == hits


def test_every_request_changes_what_is_counted(still: StandingClock, now: float):
    """Allowed, polled or refused: by it other processes learn that there is something new."""
    one = limit("10/minute")
    seen = [one.counted]
    for _ in range(14):
        one.hit("ip:a", "GET /", now=now)
        seen.append(one.counted)
    one._batches["ip:b"] = Batch(5, 9, now + 30)
    assert one.poll("ip:b", "/", now)
    one.settle()
    seen.append(one.counted)
    assert len(set(seen)) == len(seen)


def test_figures_of_this_window_and_the_ones_before(still: StandingClock, now: float):
    one = limit("10/minute")
    for _ in range(12):
        one.hit("ip:a", "GET /", now=now)
    one.hit("ip:b", "GET /", now=now)
    still.advance(seconds=30)
    shown = one.figures()
    assert (shown.current_window.hits, shown.current_window.allowed) == (13, 11)
    assert (shown.current_window.blocked, shown.current_window.active_keys) == (2, 2)
    assert shown.current_window.blocked_ratio == round(2 / 13, 4)
    assert shown.current_window.requests_per_second == round(13 / 30, 2)
    assert shown.current_window.busiest_key == "ip:a"
    assert (shown.current_window.ends_at - shown.current_window.started_at).seconds == 60
    assert [(near.key, near.hits, near.used) for near in shown.approaching_limit] == [
        ("ip:a", 10, 1.0)
    ]
    assert (shown.lifetime.hits, shown.lifetime.allowed, shown.lifetime.blocked) == (13, 11, 2)
    assert shown.last_limit_triggered_at == still.moment.replace(second=0)
    assert shown.history == []
    still.advance(seconds=30)
    later = one.figures()
    assert (later.current_window.hits, later.current_window.requests_per_second) == (0, 0.0)
    assert later.approaching_limit == []
    assert later.current_window.busiest_key is None
    assert [(past.hits, past.busiest_key, past.active_keys) for past in later.history] == [
        (13, "ip:a", 2)
    ]
    assert later.history[0].requests_per_second == round(13 / 60, 2)


def test_the_first_second_divides_by_a_whole_one(still: StandingClock, now: float):
    one = limit("10/minute")
    for _ in range(4):
        one.hit("ip:a", "GET /", now=now)
    still.advance(seconds=0.1)
    assert one.figures().current_window.requests_per_second == 4.0


@pytest.mark.parametrize(("hits", "is_near"), [(7, False), (8, True), (9, True)])
def test_a_key_is_near_at_eight_tenths(still: StandingClock, now: float, hits: int, is_near: bool):
    one = limit("10/minute")
    for _ in range(hits):
        one.hit("ip:a", "GET /", now=now)
    assert bool(one.figures().approaching_limit) is is_near
    assert one.figures().last_limit_triggered_at is None


def test_the_nearest_stands_first(still: StandingClock, now: float):
    one = limit("100/minute")
    for number in range(20):
        one._batches[f"k{number}"] = Batch(0, number, now + 9)
    near = one.figures().approaching_limit
    assert [found.key for found in near] == [f"k{number}" for number in range(15)]
