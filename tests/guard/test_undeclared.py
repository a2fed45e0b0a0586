"""Proxies that forward for others and were not declared: which are told of, and how many."""

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from portal.guard import undeclared
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


@pytest.mark.parametrize(
    ("peer", "is_met", "why"),
    [
        ("10.0.0.9", True, "a private network"),
        ("[fd00::1]:4711", True, "of IPv6 too"),
        ("127.0.0.1", True, "a proxy on this machine"),
        ("100.64.0.1", True, "a network of containers"),
        ("8.8.8.8", False, "anybody can send this header"),
        ("unix", False, "no address"),
    ],
)
def test_which_peers_may_be_proxies_of_ours(tmp_path, still: StandingClock, peer, is_met, why):
    one = UndeclaredProxies(tmp_path, ())
    one.meet(peer)
    assert bool(one.names()) is is_met, why


def test_it_is_forgotten_when_it_is_declared_or_not_met_for_a_week(tmp_path, still: StandingClock):
    one = UndeclaredProxies(tmp_path, ())
    one.meet("10.0.0.9")
    assert one.names() == ["10.0.0.9"]
    assert UndeclaredProxies(tmp_path, (ip_network("10.0.0.0/8"),)).names() == []
    still.advance(days=7)
    assert one.names() == []


def test_a_broken_file_and_many_peers_are_borne(tmp_path, still: StandingClock):
    (tmp_path / undeclared.FILE).write_text('["x"')
    one = UndeclaredProxies(tmp_path, ())
    assert one.names() == []
    for number in range(99):
        one.meet(f"10.0.0.{number}")
    assert len(one.names()) == undeclared.MOST
