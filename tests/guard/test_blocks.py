"""Blocks: extend, raise, remove, who is spared, and who may."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from portal import clock
from portal.accounts.roles import Role, Scope
from portal.audit import search
from portal.errors import RuleError
from portal.guard import blocks
from portal.guard.blocks import AlreadyBlockedError, Block, BlockIn, BlockScope, covers, normalise
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.sites import Site

BASE = "/api/admin/runtime/maintenance/perimeter/blocks"
OFFENDER = {"REMOTE_ADDR": "203.0.113.9"}


def add(site: Site, headers: dict[str, str], **fields: object):
    given = {"scope": "ip", "value": "203.0.113.9", "duration": "15m", "reason": "presses"}
    return site.client().post(BASE, json={**given, **fields}, headers=headers)


def events(site: Site, kind: str) -> list[dict[str, object]]:
    with site.portal.core.open_session() as session:
        return [
            row.detail | {"who": row.actor} for row in search.search(session, event_type=kind)[0]
        ]


def test_a_block_holds_until_its_end_and_not_longer(either: Site, still: StandingClock):
    headers = either.bearer()
    made = add(either, headers)
    assert made.status_code == 201
    assert made.headers["ETag"] == '"1"'
    client = either.client()
    refused = client.get("/api/status", environ_base=OFFENDER)
    assert refused.status_code == 403
    assert refused.headers["Retry-After"] == "900"
    assert refused.get_json()["reference"]
    assert "presses" not in refused.get_data(as_text=True)
    assert client.get("/api/status").status_code == 200
    assert client.get("/health/ready", environ_base=OFFENDER).status_code == 200
    still.advance(seconds=899)
    assert client.get("/api/status", environ_base=OFFENDER).status_code == 403
    still.advance(seconds=1)
    assert client.get("/api/status", environ_base=OFFENDER).status_code == 200
    assert either.figure("gigvora_perimeter_blocked_requests_total") == 2
    assert (
        either.portal.runtime.counters.read().hits == 1 + 1 + 1
    )  # the write, and the two that came in


def test_extend_puts_the_end_off_from_where_it_stands(either: Site, still: StandingClock):
    headers = either.bearer()
    made = add(either, headers).get_json()
    path, client = f"{BASE}/{made['id']}", either.client()
    still.advance(seconds=60)
    act = {"action": "extend", "duration": "30m", "reason": "still there"}
    first = client.patch(path, json=act, headers={**headers, "If-Match": '"1"'})
    second = client.patch(path, json=act, headers={**headers, "If-Match": '"1"'})
    assert (first.status_code, second.status_code) == (200, 412)
    assert second.get_json()["current"]["version"] == 2
    start = clock.now() - timedelta(seconds=60)
    assert first.get_json()["until"] == clock.iso(start + timedelta(seconds=900 + 1800))
    still.advance(seconds=840)  # the old end
    assert client.get("/api/status", environ_base=OFFENDER).status_code == 403
    still.advance(seconds=1800)
    assert client.get("/api/status", environ_base=OFFENDER).status_code == 200
    (event,) = events(either, "perimeter.block.extended")
    assert event["before"] == clock.iso(start + timedelta(seconds=900))
    assert event["after"] == first.get_json()["until"]
    assert event["reason"] == "still there"
    assert str(event["who"]).startswith("token:")


def test_extend_after_the_end_counts_from_now(site: Site, still: StandingClock):
    headers = site.bearer()
    made = add(site, headers).get_json()
    still.advance(hours=2)
    act = {"action": "extend", "duration": "10m"}
    answer = site.client().patch(f"{BASE}/{made['id']}", json=act, headers=headers)
    assert answer.get_json()["until"] == clock.iso(clock.now() + timedelta(minutes=10))
    assert site.client().get("/api/status", environ_base=OFFENDER).status_code == 403


def test_raise_never_shortens_and_makes_stronger_and_wider(site: Site, still: StandingClock):
    headers, client = site.bearer(), site.client()
    made = add(site, headers, kind="throttle").get_json()
    path = f"{BASE}/{made['id']}"
    short = client.patch(path, json={"action": "raise", "duration": "1m"}, headers=headers)
    assert short.get_json()["until"] == made["until"]
    act = {
        "action": "raise",
        "duration": "1h",
        "kind": "ban",
        "scope": "range",
        "value": "203.0.113.0/24",
    }
    raised = client.patch(path, json=act, headers=headers).get_json()
    assert raised["until"] == clock.iso(clock.now() + timedelta(hours=1))
    assert (raised["kind"], raised["scope"], raised["value"]) == ("ban", "range", "203.0.113.0/24")
    neighbour = {"REMOTE_ADDR": "203.0.113.77"}
    assert client.get("/api/status", environ_base=neighbour).status_code == 403
    assert client.get("/api/status", environ_base={"REMOTE_ADDR": "203.0.114.1"}).status_code == 200
    weaker = {"action": "raise", "duration": "1h", "kind": "throttle"}
    assert client.patch(path, json=weaker, headers=headers).status_code == 422
    elsewhere = {"action": "raise", "duration": "1h", "scope": "range", "value": "198.51.100.0/24"}
    assert client.patch(path, json=elsewhere, headers=headers).status_code == 422


def test_a_throttle_leaves_a_tenth_of_the_limit(build):
    site = build(rate_limit="50/minute")
    add(site, site.bearer(), kind="throttle")
    client = site.client()
    statuses = [client.get("/api/status", environ_base=OFFENDER).status_code for _ in range(8)]
    assert statuses == [200] * 5 + [429] * 3
    assert client.get("/api/status").status_code == 200


def test_removed_is_let_in_at_once_and_stays_on_record(either: Site):
    headers, client = either.bearer(), either.client()
    made = add(either, headers).get_json()
    gone = client.delete(f"{BASE}/{made['id']}", headers=headers)
    assert gone.status_code == 200
    assert not gone.get_json()["isActive"]
    assert client.get("/api/status", environ_base=OFFENDER).status_code == 200
    act = {"action": "extend", "duration": "10m"}
    assert client.patch(f"{BASE}/{made['id']}", json=act, headers=headers).status_code == 422
    assert client.get(BASE, headers=headers).get_json()["total"] == 0
    assert client.get(f"{BASE}?active=false", headers=headers).get_json()["total"] == 1


def test_of_many_at_once_one_is_in_force(either: Site):
    """By hand and by itself, from many threads: the database lets one through."""
    blocks = either.portal.guard.blocks

    def by_hand(_: int) -> str:
        new = BlockIn(scope=BlockScope.IP, value="203.0.113.9", reason="r", duration="1h")
        try:
            return blocks.add(By("ada"), new, caller="198.51.100.1").id
        except AlreadyBlockedError:
            return ""

    def by_itself(_: int) -> str:
        row = blocks.block_offender(
            By("portal"), "203.0.113.10", offences=8, ttl=timedelta(hours=1), reason="r"
        )
        return row.id if row is not None else ""

    with ThreadPoolExecutor(8) as pool:
        for add in (by_hand, by_itself):
            made = [one for one in pool.map(add, range(16)) if one]
            assert len(made) == 1, add
    with either.portal.core.open_session() as session:
        assert session.query(Block).count() == 2


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


def test_the_end_of_a_block_is_on_record_once(site: Site, still: StandingClock):
    add(site, site.bearer())
    assert site.portal.guard.blocks.note_expired() == 0
    still.advance(hours=1)
    assert site.portal.guard.blocks.note_expired() == 1
    assert site.portal.guard.blocks.note_expired() == 0
    assert len(events(site, "perimeter.block.expired")) == 1


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
