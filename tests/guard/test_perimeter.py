"""The perimeter on a site: origins, blocks and the last copy."""

import pytest

from portal.guard.blocks import BlockIn, BlockScope
from portal.guard.origins import Origins, check_pattern, normalise
from portal.unit_of_work import By
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
