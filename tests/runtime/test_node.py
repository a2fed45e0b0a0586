"""The figures of a node, from what each of its processes tells in the run directory."""

import pytest

from portal.runtime.node import FORGOTTEN_AFTER_SECONDS
from portal.runtime.snapshot import NearKey, RouteCount
from tests.clocks import StandingClock
from tests.instants import MINUTE, NOW
from tests.runtime.shares import Process, consumer, refused, window


def test_a_process_alone_tells_its_own(own: Process):
    assert own.node().rate_limit().current_window.hits == 10
    assert own.node().shares() == []


def test_windows_of_the_same_minute_add_up(
    own: Process, other: Process, monkeypatch: pytest.MonkeyPatch
):
    own.current, own.history = window(10, 1), [window(6, 0, minutes=2)]
    other.current = window(30, 9, busiest="ip:b")
    other.history = [window(4, 4, minutes=1), window(2, 0, minutes=2)]
    other.tell(monkeypatch)
    merged = own.node().rate_limit()
    assert (merged.current_window.hits, merged.current_window.blocked) == (40, 10)
    assert merged.current_window.blocked_ratio == 0.25
    assert merged.current_window.busiest_key == "ip:b"
    # One key may be known to both: the larger count is the least that is true.
    assert merged.current_window.active_keys == 30
    assert [(one.started_at, one.hits) for one in merged.history] == [
        (NOW - MINUTE, 4),
        (NOW - 2 * MINUTE, 8),
    ]


def test_a_process_that_is_a_minute_behind_does_not_hold_the_node_back(
    own: Process, other: Process, monkeypatch: pytest.MonkeyPatch
):
    own.current = window(7, 0, minutes=1)
    other.current = window(3, 0)
    other.tell(monkeypatch)
    merged = own.node().rate_limit()
    assert (merged.current_window.started_at, merged.current_window.hits) == (NOW, 3)
    assert [one.hits for one in merged.history] == [7]


def test_consumers_and_keys_near_the_limit_are_joined(
    own: Process, other: Process, monkeypatch: pytest.MonkeyPatch
):
    own.consumers = [consumer("ip:a", 5, 1), consumer("ip:b", 9, 0)]
    other.consumers = [consumer("ip:a", 7, 3), consumer("ip:c", 2, 2, "GET /x")]
    own.near = [NearKey(key="ip:a", hits=250, limit=300, used=0.83)]
    other.near = [
        NearKey(key="ip:a", hits=290, limit=300, used=0.97),
        NearKey(key="ip:c", hits=299, limit=300, used=0.99),
    ]
    other.tell(monkeypatch)
    merged = own.node().rate_limit()
    assert [(one.key, one.hits, one.blocked) for one in merged.top_consumers] == [
        ("ip:a", 12, 4),
        ("ip:c", 2, 2),
        ("ip:b", 9, 0),
    ]
    assert merged.top_consumers[0].routes == [RouteCount(route="GET /", hits=12)]
    assert merged.top_consumers[0].first_seen_at == NOW - 7 * MINUTE
    assert [(one.key, one.used) for one in merged.approaching_limit] == [
        ("ip:c", 0.99),
        ("ip:a", 0.97),
    ]


def test_counters_that_all_share_are_not_added_up(
    own: Process, other: Process, monkeypatch: pytest.MonkeyPatch
):
    own.lifetime, other.lifetime = 100, 104
    other.storage_up = False
    other.tell(monkeypatch)
    merged = own.node().rate_limit()
    # The larger one was read later.
    assert merged.lifetime.hits == 104
    assert merged.storage_up is False


def test_pools_add_up_and_shares_say_what_is_in_use(
    own: Process, other: Process, monkeypatch: pytest.MonkeyPatch
):
    own.borrowed, other.size, other.borrowed = 1, 5, 3
    other.tell(monkeypatch)
    pool = own.node().pool()
    assert (pool.size, pool.available, pool.borrowed) == (7, 3, 4)
    assert [(one.pid, one.in_flight) for one in own.node().shares()] == [(2, 3)]


def test_refusals_of_all_stand_in_one_list_the_latest_first(
    own: Process, other: Process, monkeypatch: pytest.MonkeyPatch
):
    own.refusals = [refused(2), refused(6)]
    other.refusals, other.origins = [refused(1)], 4
    other.tell(monkeypatch)
    waf, perimeter = own.node().waf(), own.node().perimeter()
    assert [one.reference for one in waf.recent_blocks] == ["r1", "r2", "r6"]
    assert waf.last_block_at == NOW - MINUTE
    assert [one.source for one in waf.auto_block.active] == ["auto"]
    assert [one.reference for one in perimeter.recent] == ["r1", "r2", "r6"]
    assert (perimeter.last_blocked_at, perimeter.active_blocked_origins) == (NOW - MINUTE, 4)


def test_a_process_that_is_silent_for_five_seconds_counts_no_more(
    own: Process, other: Process, monkeypatch: pytest.MonkeyPatch, still: StandingClock
):
    other.tell(monkeypatch)
    still.advance(seconds=FORGOTTEN_AFTER_SECONDS - 0.1)
    assert len(own.node().shares()) == 1
    still.advance(seconds=0.1)
    assert own.node().shares() == []
    # What another boot of the machine left behind lies in the future of this one.
    still.boot = 10.0
    assert own.node().shares() == []


def test_a_share_that_cannot_be_read_is_left_aside(
    own: Process, other: Process, monkeypatch: pytest.MonkeyPatch
):
    other.tell(monkeypatch)
    (own.folder / "processes" / "3.json").write_text('{"pid": 3}')
    (own.folder / "processes" / "4.json").mkdir()
    assert [one.pid for one in own.node().shares()] == [2]
