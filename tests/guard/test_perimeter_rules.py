"""Whom the perimeter turns away, and for how long; on values alone."""

from datetime import UTC, timedelta

import pytest

from portal.guard import perimeter
from portal.guard.perimeter import Copy, Denied
from tests.guard.perimeters import PAGE, SECONDS, block, held, judge, make
from tests.instants import HOUR, NOW

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("row", "client", "is_held", "why"),
    [
        (block("ip", "192.0.2.1"), "192.0.2.1", True, "its address"),
        (block("ip", "192.0.2.1"), "192.0.2.2", False, "another"),
        (block("key", "ip:192.0.2.1"), "192.0.2.1", True, "its key"),
        (block("range", "192.0.2.0/24"), "192.0.2.9", True, "its range"),
        (block("range", "192.0.2.0/24"), "192.0.3.9", False, "another range"),
        (block("range", "2001:db8::/32"), "2001:db8::9", True, "its range of IPv6"),
        (block("range", "2001:db8::/32"), "192.0.2.9", False, "another family"),
        (block("range", "0.0.0.0/8"), "::1", False, "numbers alike in another family"),
        (block("range", "192.0.2.0/24"), "garbage", False, "no address at all"),
        (block("ip", "10.0.0.1"), "10.0.0.1", False, "the trusted are let in"),
        (block("ip", "10.0.0.1", is_forced=True), "10.0.0.1", True, "unless it was forced"),
    ],
)
def test_whom_a_block_holds(row, client, is_held, why):
    found = judge(make(row), client)
    assert (found is not None) is is_held, why
    if found is not None:
        assert found.held is not None
        assert found.held.id == row.id


@pytest.mark.parametrize("scope", ["ip", "range", "origin"])
def test_a_block_holds_until_its_end_and_not_longer(scope: str):
    value = {"ip": "192.0.2.1", "range": "192.0.2.0/24", "origin": PAGE}[scope]
    one = make(block(scope, value))
    end = NOW + HOUR
    assert judge(one, origin=PAGE, now=end - timedelta(milliseconds=1)) is not None
    assert judge(one, origin=PAGE, now=end) is None


def test_an_address_that_ran_out_is_held_by_its_range_still():
    one = make(block("ip", "192.0.2.1", until=NOW), block("range", "192.0.2.0/24"))
    found = judge(one)
    assert found is not None
    assert found.held is not None
    assert found.held.id == "192.0.2.0/24"


def test_a_range_holds_no_address_of_the_other_version():
    one = make(block("range", "10.0.0.0/8"), block("range", "2001:db8::/32"))
    for client, is_held in (
        ("10.1.2.3", True),
        ("2001:db8::1", True),
        ("::a01:203", False),
        ("32.1.13.184", False),
    ):
        assert (judge(one, client) is not None) is is_held, client


def test_the_narrow_range_that_ran_out_leaves_the_wide_one():
    one = make(block("range", "192.0.2.0/24", until=NOW), block("range", "192.0.0.0/16"))
    found = judge(one)
    assert found is not None
    assert found.held is not None
    assert found.held.id == "192.0.0.0/16"


@pytest.mark.parametrize(
    ("left", "seconds"), [(60.0, 60), (59.01, 60), (59.0, 59), (0.5, 1), (0.0, 1), (-5.0, 1)]
)
def test_when_to_come_back(left, seconds):
    assert Denied(held(until=SECONDS + left)).retry_after(SECONDS) == seconds


def test_held_in_this_process_alone():
    one = make()
    one.hold_locally("ip:192.0.2.1", held())
    assert judge(one) is not None
    assert judge(one, "192.0.2.2") is None
    assert judge(one, now=NOW + timedelta(seconds=60)) is None
    assert judge(one, now=NOW + timedelta(seconds=59)) is not None


def test_what_is_held_here_takes_nothing_from_what_is_held_everywhere():
    one = make(block("ip", "192.0.2.1"))
    one.hold_locally("ip:192.0.2.9", held())
    assert judge(one) is not None


def test_only_so_many_are_held_in_this_process(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(perimeter, "MOST_HELD_LOCALLY", 2)
    one = make()
    for name in ("a", "b", "c"):
        one.hold_locally(f"ip:{name}", held())
    assert list(one._local) == ["ip:a", "ip:b"]


def test_refusals_are_counted_and_named():
    one = make()
    row = block("ip", "192.0.2.1")
    one._copy = Copy([row])
    denied = judge(one)
    assert denied is not None
    first = one.refused(denied, client="192.0.2.1", route="POST /panel", now=NOW)
    foreign = Denied(None, "https://evil.example\r\n" + "x" * 300)
    second = one.refused(foreign, client="192.0.2.9", route="POST /panel", now=NOW)
    assert first != second
    assert [one.rule for one in one._recent] == ["foreign origin", "192.0.2.1"]
    (origin,) = one.top_origins.top(9)
    assert origin.key == ("https://evil.example" + "x" * 300)[:200]
    assert (origin.blocked, origin.allowed) == (1, 0)


def test_times_are_kept_in_utc():
    one = make()
    one.refused(Denied(None, "o"), client="a", route="r", now=NOW)
    last = one.figures().last_blocked_at
    assert last is not None
    assert last.tzinfo is UTC
