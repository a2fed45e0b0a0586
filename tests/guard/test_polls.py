"""The shortest way of a poll: it says and counts what the whole chain would."""

import random
from collections import Counter
from ipaddress import ip_network

import pytest

from portal.guard.blocks.schemas import BlockIn
from portal.guard.polls import MOST_KNOWN
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.guard.door import Door
from tests.sites import Site

pytestmark = pytest.mark.database
PATHS = ("/", "/api/status", "/banner", "/api/runtime/maintenance", "/panel", "/health/live")
PEERS = ("192.0.2.1:1000", "192.0.2.1:1001", "192.0.2.2:1000", "[2001:db8::7]:9", "10.0.0.1:7")


@pytest.mark.parametrize("seed", range(6))
def test_the_shortest_way_says_and_counts_what_the_whole_one_does(
    build: Build, still: StandingClock, seed: int
):
    """Any mix of clients, headers, blocks and instants, asked of two sites that are alike."""
    values = {"rate_limit": "40/minute", "trusted_hosts": ("portal.test",)} if seed % 2 else {}
    proxies = {"trusted_proxies": (ip_network("10.0.0.0/8"),)} if seed % 3 == 0 else {}
    doors = [Door(build(**values, **proxies), is_short=short) for short in (False, True)]
    chance = random.Random(seed)
    statuses: Counter[int] = Counter()
    blocked = 0
    for step in range(900):
        path, peer = chance.choice(PATHS), chance.choice(PEERS)
        headers = {"host": "portal.test" if chance.random() < 0.95 else "other.test"}
        if chance.random() < 0.3:
            headers["x-forwarded-for"] = chance.choice(("198.51.100.1", "198.51.100.2", "nonsense"))
        if chance.random() < 0.1:
            headers["origin"] = chance.choice(("https://portal.test", "https://evil.test"))
        if chance.random() < 0.3:
            headers["accept-encoding"] = chance.choice(("br", "gzip", "identity", "br;q=0"))
        if chance.random() < 0.2:
            tag = doors[0].site.portal.board.current().ready(path, headers.get)
            headers["if-none-match"] = tag.etag if tag is not None else "*"
        one, other = (door.ask(path, peer, headers) for door in doors)
        assert one == other, (step, path, peer, headers)
        statuses[one[0]] += 1
        if chance.random() < 0.02:
            still.advance(seconds=chance.choice((1, 20, 59, 61)))
        if chance.random() < 0.01 and blocked < 3:
            blocked += 1
            value = chance.choice(("192.0.2.1", "198.51.100.2", "2001:db8::/64"))
            for door in doors:
                hold(door.site, value)
        if chance.random() < 0.05:
            assert doors[0].figures() == doors[1].figures(), step
    assert doors[0].figures() == doors[1].figures()
    assert doors[1].shortened > 50
    assert doors[0].shortened == 0
    assert {200, 304} <= set(statuses)


def hold(site: Site, value: str) -> None:
    """A block for a few seconds, unless the same one is in force."""
    held = {row.value for row in site.portal.guard.perimeter._copy.rows if row.removed_at is None}
    if value in held:
        return
    site.portal.guard.blocks.add(
        By("test"),
        BlockIn(scope="range" if "/" in value else "ip", value=value, duration="2m", reason="test"),
        caller="",
    )


def test_a_block_is_obeyed_at_the_next_poll(site: Site, still: StandingClock):
    door = Door(site, is_short=True)
    for _ in range(4):
        assert door.ask("/", "192.0.2.1:1000", {})[0] == 200
    assert door.shortened > 0
    hold(site, "192.0.2.1")
    assert door.ask("/", "192.0.2.1:1000", {})[0] == 403
    assert door.ask("/", "192.0.2.2:1000", {})[0] == 200


def test_nobody_passes_the_limit_by_it(build: Build, still: StandingClock):
    door = Door(build(rate_limit="100/minute"), is_short=True)
    statuses = Counter(
        door.ask("/", f"192.0.2.1:{1000 + number % 3}", {})[0] for number in range(300)
    )
    assert statuses == {200: 100, 429: 200}
    assert 20 < door.shortened < 60, "up to half of the limit"


def test_what_it_has_counted_is_there_for_whoever_reads(site: Site, still: StandingClock):
    door = Door(site, is_short=True)
    for number in range(1, 60):
        door.ask("/", "192.0.2.1:1000", {})
        assert site.portal.runtime.counters.read().hits == number
    assert door.shortened > 20
    assert site.portal.guard.limits.figures().current_window.hits == 59
    (top,) = site.portal.guard.limits.top.top(5)
    assert (top.hits, top.routes) == (59, {"GET /": 59})


def test_connections_without_end_take_no_memory_without_end(site: Site, still: StandingClock):
    polls = Door(site, is_short=True).chain.polls
    for number in range(20_000):
        polls.learn(f"192.0.2.1:{number}", None, "ip:192.0.2.1", polls._state)
    assert len(polls._known) <= 8192
    polls.learn("10.0.0.9:1", "198.51.100.1", "ip:10.0.0.9", polls._state)
    assert ("10.0.0.9:1", "198.51.100.1") not in polls._known, "nobody declared this proxy"


def test_what_nobody_declared_forwards_is_left_aside(site: Site, still: StandingClock):
    """Without a proxy in front the header is the client's own word."""
    door = Door(site, is_short=True)
    for _ in range(12):
        door.ask("/", "192.0.2.1:1000", {})
    before = door.shortened
    assert before
    door.ask("/", "192.0.2.1:1000", {"x-forwarded-for": "198.51.100.1"})
    assert door.shortened == before + 1


def test_what_is_known_is_bounded(site: Site, still: StandingClock):
    polls = Door(site, is_short=True).chain.polls
    for number in range(MOST_KNOWN + 1):
        polls.learn(f"192.0.2.1:{number}", None, "ip:192.0.2.1", polls._state)
        assert len(polls._known) <= MOST_KNOWN
    polls.learn("192.0.2.2:1", None, "ip:192.0.2.2", object())
    assert ("192.0.2.2:1", None) not in polls._known, "a block was made meanwhile"


def test_who_was_let_in_before_a_block_is_not_known_after_it(site: Site, still: StandingClock):
    """The verdict of a thread that began before the block, and comes after it."""
    door = Door(site, is_short=True)
    before = site.portal.guard.perimeter.state
    hold(site, "192.0.2.1")
    assert door.ask("/", "192.0.2.1:1000", {})[0] == 403
    door.chain.polls.learn("192.0.2.1:1000", None, "ip:192.0.2.1", before)
    assert door.ask("/", "192.0.2.1:1000", {})[0] == 403
    assert door.shortened == 0
