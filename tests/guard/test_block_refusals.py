"""Who is spared of blocks, who may make them, and which make no sense."""

import pytest

from portal import clock
from portal.accounts.roles import Role, Scope
from portal.guard import blocks
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.guard.block_site import BASE, OFFENDER, add
from tests.sites import Site


def test_the_same_is_blocked_once(site: Site):
    headers = site.bearer()
    first = add(site, headers).get_json()
    again = add(site, headers)
    assert again.status_code == 409
    assert again.get_json()["current"]["id"] == first["id"]
    keyed = {**headers, "Idempotency-Key": "one"}
    one = add(site, keyed, value="203.0.113.10")
    two = add(site, keyed, value="203.0.113.10")
    assert one.get_json() == two.get_json()


@pytest.mark.parametrize(
    ("scope", "value", "why"),
    [
        ("ip", "127.0.0.1", "the caller's own address, and loopback"),
        ("range", "126.0.0.0/7", "wider than any range may be"),
        ("range", "127.0.0.0/8", "loopback"),
        ("ip", "192.0.2.80", "a trusted proxy"),
        ("range", "192.0.2.0/24", "holds a trusted proxy"),
        ("key", "ip:192.0.2.80", "a trusted proxy by its key"),
        ("ip", "::1", "loopback"),
    ],
)
@pytest.mark.fault(29)
def test_the_trusted_are_spared(build, scope: str, value: str, why: str):
    from ipaddress import ip_network

    site = build(trusted_proxies=(ip_network("192.0.2.80/32"),))
    answer = add(site, site.bearer(), scope=scope, value=value)
    assert answer.status_code == 422, why
    assert site.client().get("/api/status").status_code == 200


@pytest.mark.fault(29)
def test_force_blocks_the_trusted_and_the_command_line_lifts_it(site: Site):
    headers = site.bearer()
    made = add(site, headers, value="127.0.0.1", force=True)
    assert made.status_code == 201
    assert site.client().get("/api/status").status_code == 403
    site.portal.guard.blocks.remove(By("cli:test"), "127.0.0.1")
    assert site.client().get("/api/status").status_code == 200


def test_who_may(site: Site):
    viewer = site.bearer(Scope.RUNTIME_READ, Scope.PERIMETER_READ)
    writer = site.bearer(Scope.PERIMETER_WRITE)
    made = add(site, writer).get_json()
    act = {"action": "extend", "duration": "30m"}
    patch = site.client().patch
    assert patch(f"{BASE}/{made['id']}", json=act).status_code == 401
    assert patch(f"{BASE}/{made['id']}", json=act, headers=viewer).status_code == 403
    assert patch(f"{BASE}/blk0000000000", json=act, headers=writer).status_code == 404
    assert add(site, viewer).status_code == 403
    for role, status in ((Role.VIEWER, 403), (Role.OPERATOR, 403), (Role.SECURITY, 303)):
        answer = site.signed_in(role).post(f"/panel/blocks/{made['id']}/act", **act)
        assert answer.status_code == status, role


@pytest.mark.parametrize(
    "fields",
    [
        {"duration": None},
        {"until": "2040-01-01T00:00:00Z"},
        {"duration": None, "until": "2020-01-01T00:00:00Z"},
        {"duration": "31d"},
        {"duration": "soon"},
        {"scope": "planet"},
        {"value": "not-an-address"},
        {"value": "203.0.113.0/24"},
        {"scope": "origin", "value": "evil.example"},
        {"scope": "key", "value": "ip:garbage"},
        {"scope": "key", "value": "ip:203.0.113.0/24"},
        {"kind": "hug"},
        {"reason": ""},
        {"surprise": 1},
    ],
)
def test_what_makes_no_sense_is_refused_and_not_stored(site: Site, fields: dict[str, object]):
    assert add(site, site.bearer(), **fields).status_code == 422
    with site.portal.core.open_session() as session:
        total = blocks.page(session, now=clock.now(), only_active=False, limit=1, offset=0)[1]
    assert total == 0


@pytest.mark.fault(29)
def test_an_operator_on_a_blocked_address_keeps_the_panel(site: Site, still: StandingClock):
    person = site.signed_in(Role.ADMIN)
    add(site, site.bearer())
    assert person.client.get("/panel", environ_base=OFFENDER).status_code == 200
    stranger = site.client()
    assert stranger.get("/panel/login", environ_base=OFFENDER).status_code == 403
    stranger.set_cookie("portal", "made-up")
    refused = stranger.get("/panel/login", environ_base=OFFENDER)
    assert refused.status_code == 403
    assert refused.headers["Retry-After"] == "900"
    assert person.client.get("/api/status", environ_base=OFFENDER).status_code == 403
