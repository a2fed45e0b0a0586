"""A value has one spelling, whatever it is of."""

import pytest

from portal.errors import RuleError
from portal.guard.blocks import BlockScope, covers, normalise


@pytest.mark.parametrize(
    ("scope", "value", "expected"),
    [
        ("ip", "::ffff:203.0.113.9", "203.0.113.9"),
        ("ip", "2001:DB8::1", "2001:db8::/64"),
        ("ip", "2001:db8:0:0:5::/64", "2001:db8::/64"),
        ("range", "203.0.113.9/24", "203.0.113.0/24"),
        ("origin", "HTTPS://Evil.Example:443/", "https://evil.example"),
        ("origin", "http://evil.example:8080", "http://evil.example:8080"),
    ],
)
def test_a_value_has_one_spelling(scope: str, value: str, expected: str):
    assert normalise(BlockScope(scope), value) == expected


def test_a_value_that_covers_nobody_covers_nobody():
    assert covers(BlockScope.IP, "2001:db8::/64", "2001:db8::77")
    assert not covers(BlockScope.ORIGIN, "https://a.example", "192.0.2.1")
    assert not covers(BlockScope.IP, "192.0.2.1", "")
    with pytest.raises(RuleError):
        normalise(BlockScope.RANGE, "0.0.0.0/0")


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("ip:2001:DB8::1", "ip:2001:db8::/64"),
        ("ip:::ffff:203.0.113.9", "ip:203.0.113.9"),
        ("ip:unknown", "ip:unknown"),
        ("token:ci", "token:ci"),
    ],
)
def test_a_key_with_an_address_has_one_spelling(value: str, kept: str):
    assert normalise(BlockScope.KEY, value) == kept
