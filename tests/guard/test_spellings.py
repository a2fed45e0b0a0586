"""Addresses in all their spellings, and whose they are; on values alone."""

from ipaddress import ip_address, ip_network

import pytest

from portal.guard import address

pytestmark = pytest.mark.unit
TRUSTED = (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1 ", "192.0.2.1"),
        ("192.0.2.1:80", "192.0.2.1"),
        ("[2001:db8::1]:80", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::1", "::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:80:90", None),
        ("garbage", None),
        ("", None),
    ],
)
def test_an_address_is_read(text, found):
    assert address.parse(text) == (None if found is None else ip_address(found))
    assert address.text_of(text) == (found or "unknown")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("192.0.2.1", "ip:192.0.2.1"),
        ("2001:db8::1", "ip:2001:db8::/64"),
        ("2001:db8:0:1::1", "ip:2001:db8:0:1::/64"),
        ("garbage", "ip:unknown"),
    ],
)
def test_a_key_is_an_address_or_its_network(text, key):
    assert address.key_of(text) == key


@pytest.mark.parametrize(
    ("peer", "forwarded", "networks", "client", "why"),
    [
        ("10.0.0.1", "198.51.100.1", (), "10.0.0.1", "nobody is trusted"),
        ("10.0.0.1", "", TRUSTED, "10.0.0.1", "nothing is said"),
        ("garbage", "198.51.100.1", TRUSTED, "unknown", "the peer cannot be read"),
        ("192.0.2.1", "198.51.100.1", TRUSTED, "192.0.2.1", "a stranger says so"),
        ("10.0.0.1", "a, 198.51.100.1, 10.0.0.2", TRUSTED, "198.51.100.1", "the nearest stranger"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", TRUSTED, "10.0.0.3", "proxies all the way"),
        ("10.0.0.1", "198.51.100.1, garbage, 10.0.0.2", TRUSTED, "10.0.0.2", "up to garbage"),
        ("2001:db8::1", "198.51.100.1", TRUSTED, "198.51.100.1", "a proxy of IPv6"),
        (
            "10.0.0.1",
            ",".join(["198.51.100.1", *["10.0.0.2"] * 15]),
            TRUSTED,
            "198.51.100.1",
            "sixteen are read",
        ),
        (
            "10.0.0.1",
            ",".join(["198.51.100.1", *["10.0.0.2"] * 16]),
            TRUSTED,
            "10.0.0.2",
            "and no more",
        ),
    ],
)
def test_whose_request_it_is(peer, forwarded, networks, client, why):
    assert address.client(peer, forwarded, networks) == client, why


@pytest.mark.parametrize(
    ("peer", "is_within"),
    [("10.1.1.1", True), ("11.1.1.1", False), ("2001:db8::9", True), ("garbage", False)],
)
def test_what_is_within_the_networks(peer, is_within):
    assert address.is_within(peer, TRUSTED) is is_within
