"""A storage that is away is asked less and less."""

import pytest

from portal.guard.limits import LONGEST_BACKOFF_SECONDS
from tests.guard.counters import Broken, limit

pytestmark = pytest.mark.unit


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
