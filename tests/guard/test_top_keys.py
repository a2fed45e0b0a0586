"""The keys that are seen most, in bounded memory."""

import pytest

from portal.guard import offenders
from portal.guard.offenders import MOST_ROUTES, Offender, TopKeys

pytestmark = pytest.mark.unit


def count(top: TopKeys, key: str, times: int, *, is_allowed: bool = True, at: float = 1.0) -> None:
    for _ in range(times):
        top.count(key, is_allowed=is_allowed, route="GET /", at=at)


def test_the_most_blocked_come_first_then_hits_then_the_latest():
    top = TopKeys()
    count(top, "many", 9)
    count(top, "early", 5, at=1.0)
    count(top, "late", 5, at=2.0)
    count(top, "blocked", 1, is_allowed=False)
    assert [one.key for one in top.top(9)] == ["blocked", "many", "late", "early"]
    assert [one.key for one in top.top(2)] == ["blocked", "many"]
    first = top.top(1)[0]
    assert (first.hits, first.allowed, first.blocked) == (1, 0, 1)


def test_times_are_of_the_first_and_the_last():
    top = TopKeys()
    count(top, "a", 1, at=5.0)
    count(top, "a", 1, at=9.0)
    one = top.top(1)[0]
    assert (one.first_seen, one.last_seen) == (5.0, 9.0)
    assert top.seen_since(9.0) == 1
    assert top.seen_since(9.1) == 0


def test_a_full_table_lets_the_smallest_tenth_go():
    top = TopKeys(most=20)
    for number in range(20):
        count(top, f"k{number}", number + 1)
    count(top, "new", 1)
    names = {one.key for one in top.top(99)}
    assert len(names) == 19
    assert {"k0", "k1"} & names == set()
    assert {"k2", "new"} <= names
    new = next(one for one in top.top(99) if one.key == "new")
    assert (new.hits, new.inherited) == (1, 2)


def test_what_was_inherited_keeps_a_place():
    top = TopKeys(most=10)
    for number in range(10):
        count(top, f"k{number}", number + 5)
    count(top, "new", 1)
    assert next(one for one in top.top(99) if one.key == "new").inherited == 5
    count(top, "newer", 1)
    assert {"k0", "k1"} & {one.key for one in top.top(99)} == {"k1"} - {"k1"}


def test_what_was_inherited_is_passed_on():
    """So a count and what it has inherited are never less than the key's true number."""
    top = TopKeys(most=1)
    for name, times in (("a", 5), ("b", 2), ("c", 1)):
        count(top, name, times)
    (one,) = top.top(9)
    assert (one.key, one.hits, one.inherited) == ("c", 1, 7)


def test_a_table_of_a_few_lets_one_go():
    top = TopKeys(most=3)
    for name, times in (("a", 3), ("b", 1), ("c", 2)):
        count(top, name, times)
    count(top, "d", 1)
    assert {one.key for one in top.top(9)} == {"a", "c", "d"}


def test_routes_of_a_key_are_bounded_and_five_are_shown():
    top = TopKeys()
    for number in range(MOST_ROUTES + 3):
        for _ in range(number + 1):
            top.count("a", is_allowed=True, route=f"r{number}", at=1.0)
    one = top.top(1)[0]
    assert len(one.routes) == MOST_ROUTES
    assert one.hits == sum(range(1, MOST_ROUTES + 4))
    shown = one.shown()
    assert [(found.route, found.hits) for found in shown.routes] == [
        (f"r{number}", number + 1) for number in (7, 6, 5, 4, 3)
    ]


def test_what_could_not_be_stored_is_counted_on():
    top = TopKeys(most=2)
    count(top, "a", 3, at=1.0)
    taken = top.take_fresh()
    assert top.fresh() == {}
    count(top, "a", 2, at=7.0)
    top.give_back(taken)
    one = top.fresh()["a"]
    assert (one.hits, one.first_seen, one.last_seen, one.routes) == (5, 1.0, 7.0, {"GET /": 5})


def test_what_comes_back_does_not_pass_the_bound():
    top = TopKeys(most=2)
    taken = {name: Offender(name, 1.0, 1.0, allowed=1) for name in ("a", "b", "c")}
    count(top, "c", 1)
    top.give_back(taken)
    assert set(top.fresh()) == {"c", "a"}
    assert top.fresh()["c"].hits == 2


def test_adding_keeps_the_first_and_the_last_and_bounds_routes():
    one = Offender("a", 5.0, 6.0, allowed=1, blocked=2, routes={"r0": 1})
    other = Offender(
        "a", 4.0, 5.5, allowed=3, blocked=4, routes={f"r{n}": 2 for n in range(MOST_ROUTES + 1)}
    )
    offenders.add(one, other)
    assert (one.allowed, one.blocked, one.first_seen, one.last_seen) == (4, 6, 4.0, 6.0)
    assert one.routes == {"r0": 3} | {f"r{n}": 2 for n in range(1, MOST_ROUTES)}
