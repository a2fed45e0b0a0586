"""Where monitors may go: by name and by address, whatever it is wrapped in."""

from ipaddress import ip_address

import pytest

from portal.monitors.targets import TargetError, Targets
from portal.settings import monitors

PUBLIC, ANY = Targets(), Targets(monitors.targets("any"))
FREE = PUBLIC.freed(["host.example"])
OWN = Targets(monitors.targets("public, 10.1.0.0/16, *.example.internal, fd12::/16"))


def may(targets: Targets, host: str, address: str = "") -> bool:
    try:
        targets.check_name(host)
        if address:
            targets.check(host, ip_address(address))
    except TargetError:
        return False
    return True


@pytest.mark.parametrize(
    ("address", "public", "own"),
    [
        ("93.184.216.34", True, True),
        ("2606:2800:220:1::1", True, True),
        ("10.1.2.3", False, True),
        ("10.2.2.3", False, False),
        ("::ffff:10.1.2.3", False, True),
        ("::ffff:10.2.2.3", False, False),
        ("64:ff9b::a02:203", False, False),
        ("2002:a02:203::1", False, False),
        ("127.0.0.1", False, False),
        ("::1", False, False),
        ("192.168.1.1", False, False),
        ("100.64.0.1", False, False),
        ("fd12::1", False, True),
        ("fd13::1", False, False),
        ("198.18.0.1", False, False),
    ],
)
def test_an_address(address: str, public: bool, own: bool):
    assert may(PUBLIC, address) is public
    assert may(PUBLIC, "host.example", address) is public
    assert may(OWN, "host.example", address) is own
    assert may(FREE, "host.example", address)
    assert may(ANY, "host.example", address)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.170.2",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "100.100.100.200",
        "168.63.129.16",
        "fd00:ec2::254",
        "fd20:ce::254",
        "fd00:c1::a9fe:a9fe",
        "fd00:42::42",
        "64:ff9b:1::a9fe:a9fe",
        "::169.254.169.254",
        "2002:a9fe:a9fe::1",
        "fe80::1",
        "0.0.0.0",  # noqa: S104 (an address that is refused)
        "::",
        "224.0.0.1",
        "ff02::1",
    ],
)
def test_what_nobody_may_call(address: str):
    for targets in (PUBLIC, OWN, ANY, FREE, ANY.freed(["host.example", address])):
        assert not may(targets, address)
        assert not may(targets, "host.example", address)


def test_what_is_free_is_the_host_that_was_written_and_no_other():
    free = PUBLIC.freed(["Db.Internal.", "10.1.2.3", "[fd12::1]"])
    assert may(free, "db.internal", "10.9.9.9")
    assert may(free, "10.1.2.3")
    assert may(free, "fd12::1")
    assert not may(free, "other.internal", "10.1.2.3")
    assert not may(free, "10.1.2.4")


def test_names():
    for name in ("metadata.google.internal", "METADATA.GOOGLE.INTERNAL.", "metadata"):
        assert not may(FREE, name)
    assert may(OWN, "db.example.internal", "192.168.1.1")
    assert may(OWN, "DB.Example.Internal.", "192.168.1.1")
    assert not may(OWN, "example.internal", "192.168.1.1")
    assert not may(OWN, "db.example.internal.evil.example", "192.168.1.1")
    # A name that is listed is no way to the metadata.
    assert not may(OWN, "db.example.internal", "169.254.169.254")


@pytest.mark.parametrize(
    ("host", "public", "own"),
    [
        ("93.184.216.34", False, False),
        ("10.1.2.3", True, False),
        ("10.2.2.3", True, True),
        ("[fd12::1]", True, False),
        ("example.org", True, True),
        ("public", True, True),
        ("DB.example.internal.", True, False),
    ],
)
def test_whether_a_host_may_be_refused_later(host: str, public: bool, own: bool):
    assert (PUBLIC.may_refuse(host), OWN.may_refuse(host)) == (public, own)


@pytest.mark.parametrize("raw", ["*", "http://a", "10.0.0.0/33", "a b", "*.*.example"])
def test_a_setting_that_is_none(raw: str):
    with pytest.raises(ValueError, match="is neither"):
        monitors.targets(raw)
