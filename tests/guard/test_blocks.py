"""Blocks by the API: extended, raised, removed, and how long they hold."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from portal import clock
from portal.guard.blocks import AlreadyBlockedError, Block, BlockIn, BlockScope
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.guard.block_site import BASE, OFFENDER, add, events
from tests.sites import Site


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


def test_the_end_of_a_block_is_on_record_once(site: Site, still: StandingClock):
    add(site, site.bearer())
    assert site.portal.guard.blocks.note_expired() == 0
    still.advance(hours=1)
    assert site.portal.guard.blocks.note_expired() == 1
    assert site.portal.guard.blocks.note_expired() == 0
    assert len(events(site, "perimeter.block.expired")) == 1
