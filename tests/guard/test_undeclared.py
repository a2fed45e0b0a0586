"""Proxies that forward for others and were not declared: which are told of, and how many."""

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from portal.guard.undeclared import MOST, REMEMBERED_FOR, UndeclaredProxies
from tests.clocks import StandingClock

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("peer", "is_told", "why"),
    [
        ("10.0.0.9", True, "a private address"),
        ("[fd00::9]:80", True, "on IPv6 as well"),
        ("203.0.113.9", False, "anybody may send such a header"),
        ("garbage", False, "it is no address"),
    ],
)
def test_who_is_told_of(tmp_path: Path, still: StandingClock, peer: str, is_told: bool, why: str):
    met = UndeclaredProxies(tmp_path, ())
    met.meet(peer)
    assert bool(met.names()) is is_told, why


def test_it_is_told_for_a_week_and_until_it_is_declared(tmp_path: Path, still: StandingClock):
    UndeclaredProxies(tmp_path, ()).meet("10.0.0.9")
    other = UndeclaredProxies(tmp_path, ())
    still.advance(seconds=(REMEMBERED_FOR - timedelta(seconds=1)).total_seconds())
    assert other.names() == ["10.0.0.9"]
    assert UndeclaredProxies(tmp_path, (ip_network("10.0.0.0/8"),)).names() == []
    still.advance(seconds=1)
    assert other.names() == []


def test_only_so_many_are_remembered(tmp_path: Path, still: StandingClock):
    met = UndeclaredProxies(tmp_path, ())
    for number in range(MOST + 5):
        met.meet(f"10.0.0.{number}")
    assert len(met.names()) == MOST
    assert ("10.0.0.31" in met, "10.0.0.32" in met) == (True, False)


@pytest.mark.parametrize("text", ["", "[]", "7", '{"10.0.0.9": 7}', '{"10.0.0.9": "never"}'])
def test_a_file_that_cannot_be_read_is_an_empty_one(tmp_path: Path, text: str):
    (tmp_path / "undeclared_proxies.json").write_text(text)
    assert UndeclaredProxies(tmp_path, ()).names() == []
