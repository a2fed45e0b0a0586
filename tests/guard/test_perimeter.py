"""The perimeter: origins by the list, lookups by the copy, the last copy without a database."""

import random
from datetime import timedelta
from ipaddress import ip_address, ip_network
from types import SimpleNamespace
from typing import Any

import pytest

from portal.guard.blocks import Block, BlockIn, BlockScope, covers
from portal.guard.origins import Origins, check_pattern, normalise
from portal.guard.perimeter import Copy
from portal.unit_of_work import By
from tests import rows
from tests.instants import NOW
from tests.sites import Site, another, figure

EVIL = {"Origin": "https://evil.example"}


def test_a_foreign_origin_on_the_panel_counts_at_the_perimeter_alone(site: Site):
    before = site.portal.runtime.counters.read()
    answer = site.client().get("/panel", headers=EVIL)
    assert answer.status_code == 403
    assert answer.content_type == "application/problem+json"
    assert answer.headers["Vary"] == "Origin"
    after = site.portal.runtime.counters.read()
    assert after.perimeter_blocked == before.perimeter_blocked + 1
    assert (after.hits, after.waf_evaluated) == (before.hits, before.waf_evaluated)
    shown = site.portal.overview.take().perimeter
    assert shown.blocked_origins[0].key == "https://evil.example"
    assert shown.active_blocked_origins == 1


def test_an_injection_counts_at_the_waf_alone(site: Site):
    before = site.portal.runtime.counters.read()
    answer = site.client().get("/history?month=1'%20UNION%20SELECT%201--")
    assert answer.status_code == 403
    assert answer.get_json()["reference"]
    assert "sqli" not in answer.get_data(as_text=True)
    after = site.portal.runtime.counters.read()
    assert after.waf_blocked == before.waf_blocked + 1
    assert after.perimeter_blocked == before.perimeter_blocked
    assert (after.allowed, after.blocked) == (before.allowed + 1, before.blocked)
    text = site.scrape().get_data(as_text=True)
    assert figure(text, 'gigvora_waf_rule_hits_total{rule="sqli.parameter"}') == 1


@pytest.mark.parametrize(
    ("cookie", "headers"), [("", {"Authorization": "Bearer made-up"}), ("made-up", {})]
)
def test_a_claim_is_no_way_around_the_rules(site: Site, cookie: str, headers: dict[str, str]):
    attack = "/history?month=1'%20UNION%20SELECT%201--"
    client = site.client()
    if cookie:
        client.set_cookie("portal", cookie)
    assert client.get(attack, headers=headers).status_code == 403
    # Where it is checked, it is refused there.
    inside = client.get(attack.replace("/history", "/panel/audit"), headers=headers)
    assert inside.status_code in (302, 401)


@pytest.mark.parametrize(
    ("origin", "path", "status"),
    [
        ("https://evil.example", "/api/status", 200),
        ("https://evil.example", "/", 200),
        ("null", "/banner", 200),
        ("null", "/panel/login", 403),
        ("http://localhost", "/panel/login", 200),
        ("http://localhost:81", "/panel/login", 403),
        ("https://app.example.com", "/panel/login", 200),
        ("http://app.example.com", "/panel/login", 403),
        ("https://a.example.org", "/panel/login", 200),
        ("https://example.org", "/panel/login", 403),
        ("https://notexample.org", "/panel/login", 403),
        ("https://status.example.net", "/panel/login", 200),
        ("https://status.example.net.evil.example", "/panel/login", 403),
        ("https://evil.example", "/health/live", 200),
    ],
)
def test_who_may_ask_from_where(build, origin: str, path: str, status: int):
    site = build(
        allowed_origins=("https://app.example.com", "https://*.example.org"),
        external_url="https://status.example.net",
    )
    assert site.client().get(path, headers={"Origin": origin}).status_code == status


def test_public_answers_closed_by_the_setting_are_closed(build):
    site = build(public_cors="https://app.example.com")
    client = site.client()
    assert client.get("/api/status", headers=EVIL).status_code == 403
    friend = client.get("/api/status", headers={"Origin": "https://app.example.com"})
    assert friend.status_code == 200
    assert friend.headers["Access-Control-Allow-Origin"] == "https://app.example.com"


def test_an_origin_can_be_blocked_on_public_paths_too(site: Site):
    given = BlockIn(
        scope=BlockScope.ORIGIN, value="https://evil.example", duration="1h", reason="x"
    )
    site.portal.guard.blocks.add(By("test"), given, caller="")
    assert site.client().get("/api/status", headers=EVIL).status_code == 403
    assert site.client().get("/api/status").status_code == 200


def test_origins_have_one_spelling():
    assert normalise("HTTPS://A.example:443") == "https://a.example"
    assert normalise("ftp://a.example") is None
    assert normalise("https://a.example/path") is None
    assert check_pattern("https://*.Example.com") == "https://*.example.com"
    with pytest.raises(ValueError, match="not an origin"):
        check_pattern("https://*.*.com")
    origins = Origins((), own="", public=frozenset(), public_cors="")
    assert origins.allows("https://h.example", host="h.example:443", path="/x", method="POST")


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
        holding = [one for one in ranges if ip_address(client) in one]
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


def test_another_process_enforces_within_half_a_second(site: Site, still):
    client = another(site).client()
    offender = {"REMOTE_ADDR": "203.0.113.9"}
    assert client.get("/api/status", environ_base=offender).status_code == 200
    given = BlockIn(scope=BlockScope.IP, value="203.0.113.9", duration="1h", reason="x")
    site.portal.guard.blocks.add(By("test"), given, caller="")
    still.advance(milliseconds=500)
    assert client.get("/api/status", environ_base=offender).status_code == 403


@pytest.mark.fault(2)
def test_the_last_copy_goes_on_without_the_database(site: Site, still):
    given = BlockIn(scope=BlockScope.IP, value="203.0.113.9", duration="1h", reason="x")
    site.portal.guard.blocks.add(By("test"), given, caller="")
    assert site.client().get("/api/status").status_code == 200
    path = site.settings.data_dir / "portal.db"
    away = path.rename(path.with_suffix(".away"))
    still.advance(seconds=30)
    offender = {"REMOTE_ADDR": "203.0.113.9"}
    assert site.client().get("/api/status", environ_base=offender).status_code == 403
    assert site.client().get("/api/status").status_code == 200
    away.rename(path)
