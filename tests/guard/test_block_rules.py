"""What can be blocked, how wide, for how long, and whom that holds; on values alone."""

from datetime import timedelta
from ipaddress import ip_network

import pytest

from portal.errors import RuleError
from portal.guard import address, blocks
from portal.guard.blocks import LONGEST, BlockAct, BlockIn, BlockScope
from tests.instants import HOUR, NOW, TICK
from tests.rows import block

pytestmark = pytest.mark.unit
PROXIES = (ip_network("10.0.0.0/8"),)
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
    ("scope", "value", "client", "is_held"),
    [
        (IP, "192.0.2.1", "192.0.2.1", True),
        (IP, "192.0.2.1", "192.0.2.2", False),
        (IP, "2001:db8::/64", "2001:db8::9", True),
        (RANGE, "192.0.2.0/24", "192.0.2.255", True),
        (RANGE, "192.0.2.0/24", "192.0.3.0", False),
        (KEY, "ip:192.0.2.1", "192.0.2.1", True),
        (KEY, "ip:192.0.2.1", "192.0.2.2", False),
        (ORIGIN, "https://a.example", "192.0.2.1", False),
        (IP, "192.0.2.1", "garbage", False),
        (KEY, "ip:unknown", "garbage", False),
    ],
)
def test_whom_a_block_would_hold(scope, value, client, is_held):
    assert blocks.covers(scope, value, client) is is_held


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


@pytest.mark.parametrize(
    ("client", "is_trusted"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("10.1.2.3", True),
        ("11.1.2.3", False),
        ("2001:db8::1", False),
        ("garbage", False),
    ],
)
def test_loopback_and_proxies_are_trusted(client, is_trusted):
    assert address.is_trusted(client, PROXIES) is is_trusted


@pytest.mark.parametrize(
    ("scope", "value", "text", "why"),
    [
        (IP, "192.0.2.1", None, "anybody else"),
        (IP, "198.51.100.7", "your own address", "the caller"),
        (RANGE, "198.51.0.0/16", "your own address", "a range with the caller in it"),
        (KEY, "ip:198.51.100.7", "your own address", "the caller's key"),
        (IP, "127.0.0.1", "127.0.0.0/8", "loopback"),
        (RANGE, "126.0.0.0/7", "127.0.0.0/8", "a range with loopback in it"),
        (KEY, "ip:127.0.0.1", "127.0.0.0/8", "loopback by its key"),
        (KEY, "ip:::1", "::1", "of IPv6 too"),
        (KEY, "ip:10.1.2.3/16", "10.0.0.0/8", "a network by its key"),
        (IP, "10.1.2.3", "10.0.0.0/8", "a proxy"),
        (RANGE, "10.1.0.0/16", "10.0.0.0/8", "some proxies"),
        (KEY, "token:127.0.0.1", None, "a key that is no address"),
        (ORIGIN, "https://a.example", None, "an origin"),
    ],
)
def test_who_is_spared_unless_forced(scope, value, text, why):
    if text is None:
        blocks.refuse_protected(scope, value, "198.51.100.7", trusted=PROXIES)
        return
    with pytest.raises(RuleError, match=text) as caught:
        blocks.refuse_protected(scope, value, "198.51.100.7", trusted=PROXIES)
    assert caught.value.field == "value", why
