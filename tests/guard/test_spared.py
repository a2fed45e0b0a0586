"""Whom a block would hold, and who is spared of it; on values alone."""

from ipaddress import ip_network

import pytest

from portal.errors import RuleError
from portal.guard import address, blocks
from portal.guard.blocks import BlockScope

pytestmark = pytest.mark.unit
PROXIES = (ip_network("10.0.0.0/8"),)
IP, RANGE, KEY, ORIGIN = BlockScope


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
