"""Counts in memory are those of one window."""

import pytest

from portal.guard.storage import WindowStorage
from tests.clocks import StandingClock

pytestmark = pytest.mark.unit


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


@pytest.mark.parametrize(("at", "ends"), [(59.9, 60), (60.0, 3600), (3600.0, 3600)])
def test_as_one_window_ends_a_key_is_in_the_other(still: StandingClock, at: float, ends: int):
    storage = WindowStorage()
    began = still.moment.timestamp()
    storage.incr("k", 60)
    storage.incr("k", 3600)
    still.advance(seconds=at)
    assert storage.get_expiry("k") == began + ends


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
