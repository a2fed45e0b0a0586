"""Leases have a bound, at which those that ran out are swept."""

import pytest

from portal.guard import limits
from portal.guard.limits import Batch
from tests.guard.counters import limit

pytestmark = pytest.mark.unit


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
