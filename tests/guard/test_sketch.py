"""Counting different keys in bounded memory: exactly while they are few, closely when not."""

import pytest

from portal.guard import distinct
from portal.guard.distinct import Distinct

pytestmark = pytest.mark.unit


def test_different_keys_are_counted_once():
    seen = Distinct()
    for name in ("a", "b", "a"):
        seen.add(name)
    assert seen.count() == 2
    seen.seal()
    assert seen.count() == 2


@pytest.mark.parametrize("keys", [distinct.EXACT - 1, distinct.EXACT])
def test_up_to_a_thousand_keys_are_counted_exactly(keys: int):
    seen = Distinct()
    for number in range(keys):
        seen.add(f"k{number}")
    assert seen.count() == keys
    assert seen._map is None


@pytest.mark.parametrize("keys", [distinct.EXACT + 1, 5000, 60_000])
def test_more_are_counted_within_a_percent(keys: int):
    seen = Distinct()
    for number in range(keys):
        seen.add(f"k{number}")
        seen.add(f"k{number}")
    assert seen.count() == pytest.approx(keys, rel=0.01)
    assert seen._hashes == set()
    assert seen._map is not None
    assert len(seen._map) == distinct.BITS // 8
    seen.seal()
    assert seen.count() == pytest.approx(keys, rel=0.01)
    assert seen._map is None


def test_a_full_map_has_an_answer_still():
    seen = Distinct()
    seen._map, seen._set = bytearray(), distinct.BITS
    assert seen.count() > distinct.BITS * 10
