"""What can be blocked, how wide and for how long; on values alone."""

from datetime import timedelta

import pytest

from portal.errors import RuleError
from portal.guard import blocks
from portal.guard.blocks import LONGEST, BlockAct, BlockIn, BlockScope
from tests.instants import HOUR, NOW, TICK
from tests.rows import block

pytestmark = pytest.mark.unit
IP, RANGE, KEY, ORIGIN = BlockScope


@pytest.mark.parametrize(
    ("values", "is_active", "why"),
    [
        ({}, True, "its end is ahead"),
        ({"until": NOW}, False, "its end is now"),
        ({"until": NOW + TICK}, True, "in a moment"),
        ({"removed_at": NOW - HOUR}, False, "someone lifted it"),
    ],
)
def test_when_a_block_is_in_force(values, is_active, why):
    row = block(**values)
    assert row.is_active(NOW) is is_active, why
    assert blocks.out(row, now=NOW).is_active is is_active


@pytest.mark.parametrize(
    ("scope", "value", "kept", "why"),
    [
        (IP, " 192.0.2.1 ", "192.0.2.1", "one address"),
        (IP, "192.0.2.1/32", "192.0.2.1", "the same"),
        (IP, "192.0.2.0/31", None, "two addresses are a range"),
        (IP, "::ffff:192.0.2.1", "192.0.2.1", "IPv4 in IPv6 is IPv4"),
        (IP, "2001:db8::1", "2001:db8::/64", "a client of IPv6 has a /64"),
        (IP, "2001:db8::/64", "2001:db8::/64", "which may be said"),
        (IP, "2001:db8::/63", None, "two of them are a range"),
        (IP, "somewhere", None, "that is no address"),
        (RANGE, "192.0.2.7/24", "192.0.2.0/24", "from its beginning"),
        (RANGE, "10.0.0.0/8", "10.0.0.0/8", "the widest of IPv4"),
        (RANGE, "10.0.0.0/7", None, "too wide"),
        (RANGE, "2000::/19", "2000::/19", "the widest of IPv6"),
        (RANGE, "2000::/18", None, "too wide"),
        (RANGE, "0.0.0.0/0", None, "everybody"),
        (KEY, " token:ab ", "token:ab", "a key is what it is"),
        (ORIGIN, "https://A.example/", "https://a.example", "an origin has one spelling"),
        (ORIGIN, "a.example", None, "and a scheme"),
    ],
)
def test_a_value_has_one_spelling_and_is_not_too_wide(scope, value, kept, why):
    if kept is not None:
        assert blocks.normalise(scope, value) == kept, why
        return
    with pytest.raises(RuleError) as caught:
        blocks.normalise(scope, value)
    assert caught.value.field == "value", why


@pytest.mark.parametrize(
    ("until", "text"),
    [
        (TICK, None),
        (timedelta(0), "future"),
        (-HOUR, "future"),
        (LONGEST, None),
        (LONGEST + TICK, "30 days"),
    ],
)
def test_a_block_ends_ahead_and_within_a_month(until, text):
    if text is None:
        assert blocks.bounded(NOW + until, NOW) == NOW + until
        return
    with pytest.raises(RuleError, match=text):
        blocks.bounded(NOW + until, NOW)


def test_how_long_is_said_in_one_of_two_ways():
    act = {"action": "extend"}
    assert BlockAct(**act, duration="1h").length() == HOUR
    assert BlockAct(**act, until=NOW).length() is None
    for values in ({}, {"duration": "1h", "until": NOW}):
        with pytest.raises(RuleError, match="either duration or until"):
            BlockAct(**act, **values).length()
    with pytest.raises(ValueError, match="not a duration"):
        BlockIn(scope="ip", value="192.0.2.1", reason="r", duration="soon")
