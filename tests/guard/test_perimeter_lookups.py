"""Lookups among blocks agree with a plain search, and ask no oftener for many."""

import random
from datetime import timedelta
from ipaddress import ip_address, ip_network
from types import SimpleNamespace
from typing import Any

from portal.guard.blocks import Block, BlockScope, covers
from portal.guard.perimeter import Copy
from tests import rows
from tests.instants import NOW


def row(scope: str, value: str, minutes: int = 10, kind: str = "ban") -> Block:
    until = NOW + timedelta(minutes=minutes)
    return rows.block(id=value, scope=scope, value=value, kind=kind, until=until)


def test_no_block_that_ran_out_hides_one_in_force():
    """Of any mix of scopes and ends, a client is held if a slow walk finds one that holds it."""
    chosen = random.Random(11)
    for _ in range(300):
        rows = {}
        for _ in range(chosen.randrange(1, 7)):
            scope, value = chosen.choice(
                [
                    ("ip", "192.0.2.1"),
                    ("ip", "192.0.2.2"),
                    ("key", "ip:192.0.2.1"),
                    ("key", "ip:192.0.2.2"),
                    ("range", "192.0.2.0/24"),
                    ("range", "192.0.0.0/16"),
                ]
            )
            rows[scope, value] = row(scope, value, minutes=chosen.choice([-5, 5, 15]))
        copy = Copy(list(rows.values()))
        for minutes in (0, 10, 20):
            now = NOW + timedelta(minutes=minutes)
            for client in ("192.0.2.1", "192.0.2.2", "192.0.9.9"):
                is_held = any(
                    one.is_active(now) and covers(BlockScope(one.scope), one.value, client)
                    for one in rows.values()
                )
                found = copy.find(client, f"ip:{client}", now.timestamp())
                assert (found is not None) is is_held, (list(rows), minutes, client)


def test_the_longest_prefix_decides():
    copy = Copy([row("range", "10.0.0.0/8"), row("range", "10.1.0.0/16", kind="throttle")])
    now = NOW.timestamp()
    narrow, wide = (
        copy.find("10.1.2.3", "ip:10.1.2.3", now),
        copy.find("10.2.2.3", "ip:10.2.2.3", now),
    )
    assert narrow is not None
    assert wide is not None
    assert (narrow.id, wide.id) == ("10.1.0.0/16", "10.0.0.0/8")
    assert copy.find("11.0.0.1", "ip:11.0.0.1", now) is None
    assert copy.find("10.2.2.3", "ip:10.2.2.3", now + 600) is None


def test_lookups_agree_with_a_plain_search():
    chosen = random.Random(7)
    networks = [
        f"{chosen.randrange(1, 224)}.{chosen.randrange(256)}.{chosen.randrange(256)}.0/"
        f"{chosen.choice([8, 12, 16, 20, 24])}"
        for _ in range(300)
    ]
    ranges = sorted({ip_network(one, strict=False) for one in networks})
    copy = Copy([row("range", str(one)) for one in ranges])
    for _ in range(2000):
        client = ".".join(str(chosen.randrange(1, 224)) for _ in range(4))
        held = copy.find(client, f"ip:{client}", NOW.timestamp())
        address = ip_address(client)
        holding = [one for one in ranges if address in one]
        best = max(holding, key=lambda one: one.prefixlen, default=None)
        assert (held.id if held else None) == (str(best) if best else None)


def test_a_look_asks_once_a_prefix_length_however_many_blocks_there_are():
    # Values as the rows have them; a hundred thousand rows of the database's own take seconds.
    like = vars(row("ip", ""))

    def plain(scope: str, value: str) -> Any:
        return SimpleNamespace(**{**like, "id": value, "scope": scope, "value": value})

    rows = [plain("ip", f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}") for n in range(100_000)]
    rows += [plain("range", f"172.{n % 200}.{n // 200}.0/24") for n in range(10_000)]
    copy = Copy([*rows, plain("range", "172.0.0.0/9")])
    assert len(copy.exact) == 100_000
    assert [prefix for prefix, _ in copy.ranges] == [(4, 8), (4, 23)]
    held = copy.find("10.1.134.159", "ip:10.1.134.159", NOW.timestamp())
    assert held is not None
    assert copy.find("10.1.134.160", "ip:10.1.134.160", NOW.timestamp()) is None
