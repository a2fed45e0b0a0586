"""Counts of the last minutes: never too high, at most a bucket short, and small."""

from random import Random

import pytest

from portal.guard.sliding import BUCKET_SECONDS, SlidingCount

pytestmark = pytest.mark.unit
WINDOW = 300


@pytest.mark.parametrize("seed", range(20))
def test_it_is_as_a_slow_count_but_for_the_oldest_bucket(seed: int):
    draw = Random(seed)
    counted, times, now = SlidingCount(WINDOW), [], 1_900_000_000.0
    for _ in range(400):
        now += draw.choice([0, 0, 0.1, 1, 7, 40, 400])
        counted.add(now)
        times.append(now)
        within = sum(now - one <= WINDOW for one in times)
        surely = sum(now - one < WINDOW - BUCKET_SECONDS for one in times)
        assert surely <= counted.total(now) <= within
    assert counted.total(now + WINDOW + 1) == 0


def test_a_clock_that_was_set_back_counts_nothing_of_the_future():
    counted = SlidingCount(WINDOW)
    counted.add(1000.0)
    assert counted.total(500.0) == 0


def test_each_bucket_of_the_window_has_its_place_and_no_more():
    counted = SlidingCount(WINDOW)
    for second in range(0, 4 * WINDOW + 1, BUCKET_SECONDS):
        counted.add(float(second))
    assert counted.total(4 * WINDOW) == WINDOW // BUCKET_SECONDS + 1
    assert len(counted._buckets) == WINDOW // BUCKET_SECONDS + 1
