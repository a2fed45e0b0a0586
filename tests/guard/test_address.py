"""The client's address behind proxies."""

from ipaddress import ip_network

import pytest

from portal.guard import address

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))

# peer, X-Forwarded-For, address, and why
CASES = [
    ("192.0.2.9", None, "192.0.2.9", "no header"),
    ("192.0.2.9", "198.51.100.1", "192.0.2.9", "a stranger's header does not count"),
    ("10.0.0.1", "198.51.100.1", "198.51.100.1", "a proxy's does"),
    ("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1", "what a client wrote before it does not"),
    ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1", "proxies behind proxies"),
    ("10.0.0.1", "garbage", "10.0.0.1", "garbage is left aside"),
    ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1", "with a port"),
    ("10.0.0.1", "[2001:db9::1]:443", "2001:db9::1", "IPv6 with a port"),
    ("::ffff:192.0.2.9", None, "192.0.2.9", "IPv4 in IPv6"),
    ("", None, "unknown", "no address at all"),
]


@pytest.mark.parametrize(("peer", "forwarded", "expected", "why"), CASES)
def test_forwarding_headers_count_from_trusted_proxies_only(peer, forwarded, expected, why):
    assert address.client(peer, forwarded, TRUSTED) == expected, why


def test_a_key_is_never_empty_and_ipv6_counts_by_network():
    assert address.key_of("2001:db8:7::1") == address.key_of("2001:db8:7::2")
    assert address.key_of("nonsense") == "ip:unknown"
