"""What a key may still do without asking the storage, and how that is given back."""

from types import SimpleNamespace
from typing import Any

import pytest
from limits.strategies import FixedWindowRateLimiter

from portal.guard import limits
from portal.guard.limits import LONGEST_BACKOFF_SECONDS, Batch, Limits
from portal.guard.storage import WindowStorage
from tests.clocks import StandingClock

pytestmark = pytest.mark.unit


class Counter:
    def __init__(self) -> None:
        self.value = 0

    def inc(self) -> None:
        self.value += 1


def series() -> Any:
    made = SimpleNamespace(allowed=Counter(), blocked=Counter())
    made.read = lambda: SimpleNamespace(
        hits=made.allowed.value + made.blocked.value,
        allowed=made.allowed.value,
        blocked=made.blocked.value,
    )
    return made


def limit(rate: str = "100/minute", strategy: Any = None) -> Limits:
    storage = WindowStorage()
    made = strategy or FixedWindowRateLimiter(storage)
    return Limits(SimpleNamespace(limiter=made, storage=storage), rate, series())  # type: ignore[arg-type]


@pytest.fixture
def now(still: StandingClock) -> float:
    """The beginning of a minute, as seconds since the epoch."""
    return still.moment.timestamp()


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


class Told:
    """A storage that says what a test says: how much remains and when it ends, before and after."""

    def __init__(self, *stats: tuple[int, float], is_allowed: bool = True) -> None:
        self.stats, self.is_allowed = list(stats), is_allowed

    def get_window_stats(self, item: Any, key: str) -> Any:
        remaining, reset = self.stats.pop(0)
        return SimpleNamespace(remaining=remaining, reset_time=reset)

    def hit(self, item: Any, key: str, cost: int = 1) -> bool:
        return self.is_allowed


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


def test_leases_are_swept_at_their_bound(monkeypatch: pytest.MonkeyPatch, now: float):
    """What has ended makes room, at most once a second; what has not stays."""
    monkeypatch.setattr(limits, "MOST_BATCHES", 3)
    one = limit()
    one._batches = {
        "ended": Batch(1, 9, now),
        "over": Batch(1, 9, now - 5),
        "live": Batch(1, 9, now + 9),
    }
    assert one._has_room(now)
    assert list(one._batches) == ["live"]
    one._batches |= {"b": Batch(1, 9, now + 0.5), "c": Batch(1, 9, now + 0.5)}
    assert not one._has_room(now + 0.9)
    assert len(one._batches) == 3
    assert one._has_room(now + 1.0)
    assert list(one._batches) == ["live"]


def test_below_the_bound_nothing_is_swept(monkeypatch: pytest.MonkeyPatch, now: float):
    monkeypatch.setattr(limits, "MOST_BATCHES", 3)
    one = limit()
    one._batches = {"ended": Batch(1, 9, now - 5), "live": Batch(1, 9, now + 9)}
    assert one._has_room(now)
    assert len(one._batches) == 2


def test_a_clock_that_was_set_back_does_not_stop_the_sweep(
    monkeypatch: pytest.MonkeyPatch, now: float
):
    monkeypatch.setattr(limits, "MOST_BATCHES", 1)
    one = limit()
    one._swept = now + 3600
    one._batches = {"ended": Batch(1, 9, now)}
    assert one._has_room(now)


def test_without_room_a_new_key_asks_hit_by_hit(monkeypatch: pytest.MonkeyPatch, now: float):
    monkeypatch.setattr(limits, "MOST_BATCHES", 1)
    one = limit("10/minute")
    one._batches = {"live": Batch(1, 9, now + 9)}
    allowed = [one.hit("ip:new", "GET /", now=now).is_allowed for _ in range(12)]
    assert allowed == [True] * 10 + [False] * 2
    assert list(one._batches) == ["live"]


class Broken:
    """A storage that is away as long as told."""

    def __init__(self) -> None:
        self.is_away = True
        self.asked = 0
        self._whole = FixedWindowRateLimiter(WindowStorage())

    def get_window_stats(self, item: Any, key: str) -> Any:
        self.asked += 1
        if self.is_away:
            raise ConnectionError("away")
        return self._whole.get_window_stats(item, key)

    def hit(self, item: Any, key: str, cost: int = 1) -> bool:
        return self._whole.hit(item, key, cost=cost)


def test_a_storage_that_is_away_is_asked_less_and_less(now: float):
    storage = Broken()
    one = limit("1000/minute", storage)
    pauses, at = [], now
    for _ in range(7):
        one._take("ip:a", at, 1)
        assert not one.is_storage_up
        pauses.append(one._down_until - at)
        at = one._down_until
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, LONGEST_BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS]
    asked = storage.asked
    one._take("ip:a", at - 0.1, 1)
    assert storage.asked == asked
    storage.is_away = False
    one._take("ip:a", at, 1)
    assert one.is_storage_up
    assert storage.asked > asked


def test_a_clock_that_was_set_back_does_not_keep_the_storage_away(now: float):
    storage = Broken()
    one = limit("1000/minute", storage)
    one._down_until = now + LONGEST_BACKOFF_SECONDS
    one._take("ip:a", now, 1)
    assert storage.asked == 0
    one._down_until = now + LONGEST_BACKOFF_SECONDS + 1
    one._take("ip:a", now, 1)
    assert storage.asked == 1


def test_what_another_process_took_first_is_not_allowed(now: float):
    storage = Broken()
    storage.is_away = False
    storage.hit = lambda item, key, cost=1: False  # type: ignore[method-assign]
    answer = limit("10/minute", storage).hit("ip:a", "GET /", now=now)
    assert (answer.is_allowed, answer.remaining) == (False, 0)


def test_figures_at_the_first_instant_of_a_window_are_of_that_window(now: float):
    one = limit("10/minute")
    one.hit("ip:a", "GET /", now=now)
    shown = one.figures()
    assert (shown.current_window.hits, shown.history) == (1, [])
    assert shown.config.storage == "memory"


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


@pytest.mark.parametrize(
    ("at", "count", "why"),
    [
        (0.0, 2, "its first instant"),
        (59.9, 2, "its last"),
        (60.0, 1, "the next window"),
        (-0.1, 1, "a clock that was set back begins a new one"),
    ],
)
def test_counts_in_memory_are_those_of_one_window(
    still: StandingClock, at: float, count: int, why: str
):
    storage = WindowStorage()
    assert storage.incr("k", 60) == 1
    assert storage.get_expiry("k") == still.moment.timestamp() + 60
    still.advance(seconds=at)
    assert storage.get("k") == (1 if count == 2 else 0), why
    assert storage.get_expiry("k") == (
        60 + still.moment.timestamp() - at if count == 2 else still.moment.timestamp()
    )
    assert storage.incr("k", 60) == count, why


def test_counts_in_memory_add_up_and_are_cleared(still: StandingClock):
    storage = WindowStorage()
    storage.incr("k", 60, amount=3)
    assert storage.incr("k", 60, amount=4) == 7
    storage.incr("other", 60)
    storage.incr("k", 3600)
    storage.clear("k")
    assert (storage.get("k"), storage.get("other")) == (0, 1)
    assert storage.get_expiry("nothing") == still.moment.timestamp()
    assert storage.reset() == 1
    assert storage.get("other") == 0
    assert storage.check() is True
