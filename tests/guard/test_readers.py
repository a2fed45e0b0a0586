"""Whoever only reads keeps the page: decorated links, pictures on other pages, a shared address."""

from typing import Any
from urllib.parse import quote

import pytest

from portal import clock
from portal.guard import blocks
from portal.web.headers import PUBLIC_READS
from portal.web.parameters import read_part
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.sites import Site

OFFENDER = {"REMOTE_ADDR": "203.0.113.9"}
ATTACK = "/history?month=1'%20UNION%20SELECT%201--"
DECORATIONS = [
    "utm_source=x",
    "utm_source={{name}}&utm_campaign=50% off; drop",
    "fbclid=${source}",
    "_=1",
    "q=5>3 and 2<4",
    "q=select a plan from list",
    "next=https://x.example/",
    "id=1' UNION SELECT password FROM users--",
    "a[]=../../../etc/passwd",
]
PAGES = [*sorted(PUBLIC_READS - {"/api/docs"}), "/history", "/subscribe", "/health/live"]


def in_force(site: Site) -> list[blocks.Block]:
    with site.portal.core.open_session() as session:
        return blocks.active(session, now=clock.now())


@pytest.mark.parametrize("decoration", DECORATIONS)
def test_what_nothing_reads_changes_no_answer(site: Site, decoration: str):
    client = site.client()
    for path in PAGES:
        bare = client.get(path)
        told = client.get(f"{path}?{quote(decoration, safe='=&')}", environ_base=OFFENDER)
        assert told.status_code == bare.status_code == 200, (path, decoration)
        if path in PUBLIC_READS and bare.headers.get("ETag"):
            assert told.headers["ETag"] == bare.headers["ETag"], path
    assert site.portal.runtime.counters.read().waf_blocked == 0
    assert in_force(site) == []


def test_values_that_are_read_are_read_strictly_and_inspected(site: Site):
    client = site.client()
    assert client.get("/history?month=2030-13&utm_source=x").status_code == 400
    assert client.get("/api/runtime/maintenance?limit=0&_=1").status_code == 400
    assert client.get(f"{ATTACK}&utm_source=x").status_code == 403


@pytest.mark.parametrize(
    ("path", "query", "read"),
    [
        ("/", "a=1&b=2", ""),
        ("/history", "a=1&month=2030-06&b=2", "month=2030-06"),
        ("/history", "m%6Fnth=x", "m%6Fnth=x"),
        ("/history", "month", "month"),
        ("/history", "&&month=1&month=2&", "month=1&month=2"),
        ("/api/runtime/maintenance", "limit=5&_=1&audience=public", "limit=5&audience=public"),
        ("/panel/audit", "a=1&b=2", "a=1&b=2"),
        ("/api/admin/runtime/audit", "a=1", "a=1"),
        ("/nowhere", "a=1", ""),
    ],
)
def test_the_part_of_a_query_that_something_reads(path: str, query: str, read: str):
    assert read_part(path, query) == read


@pytest.mark.parametrize(
    ("headers", "counts", "why"),
    [
        ({}, True, "a program"),
        ({"Sec-Fetch-Site": "same-origin"}, True, "a script on our own page"),
        ({"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "cors"}, True, "nobody led it here"),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, False, "a picture"),
        ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}, False, "a sister's page"),
        ({"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, False, "a link from a mail"),
        ({"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}, False, "a link of ours"),
        ({"Referer": "https://elsewhere.example/page"}, False, "a picture, in an old browser"),
        ({"Referer": "http://localhost/history"}, True, "our own page"),
    ],
)
def test_whose_requests_count_towards_a_block(
    site: Site, still: StandingClock, headers: dict[str, str], counts: bool, why: str
):
    client = site.client()
    for number in range(8):
        refused = client.get(f"/.env?{number}", headers=headers, environ_base=OFFENDER)
        assert refused.status_code == 404, "it is refused all the same"
    assert bool(in_force(site)) is counts, why
    assert site.portal.runtime.counters.read().waf_blocked == 8


def test_a_block_that_came_by_itself_leaves_public_reads_and_unsubscribing(
    build: Build, still: StandingClock
):
    site = build(rate_limit="100/minute")
    client = site.client()
    for _ in range(8):
        client.get(ATTACK, environ_base=OFFENDER)
    assert len(in_force(site)) == 1
    still.advance(minutes=1)

    def status(path: str, method: str = "GET") -> int:
        return client.open(path, method=method, environ_base=OFFENDER).status_code

    assert {status(path) for path in ("/", "/banner", "/api/status", "/feed.atom")} == {200}
    # It is asked, and opens nothing.
    assert {status(f"/unsubscribe/nonsense-{n}", "POST") for n in range(2)} == {410}
    for path in ("/history", "/subscribe", "/panel/login", "/api/admin/runtime/health"):
        assert status(path) == 403, path
    # A trickle: a tenth of the limit.
    assert [status("/api/status") for _ in range(6)] == [200] * 4 + [429] * 2


def test_a_block_by_hand_closes_everything(site: Site, still: StandingClock):
    given = {"scope": "ip", "value": "203.0.113.9", "duration": "15m", "reason": "floods"}
    path = "/api/admin/runtime/maintenance/perimeter/blocks"
    assert site.client().post(path, json=given, headers=site.bearer()).status_code == 201
    for path in ("/", "/api/status", "/unsubscribe/nonsense"):
        assert site.client().get(path, environ_base=OFFENDER).status_code == 403, path


@pytest.mark.parametrize("accept", ["text/html,application/xhtml+xml", "application/json"])
def test_who_asked_for_a_page_gets_one(build: Build, still: StandingClock, accept: str):
    site = build(rate_limit="9/minute")
    headers = {"Accept": accept}

    def ask(path: str, **more: str) -> Any:
        return site.client().get(path, headers=headers | more, environ_base=OFFENDER)

    refused = [ask(ATTACK) for _ in range(8)][-1]
    blocked = ask("/history")
    still.advance(minutes=15)
    limited = [ask("/nothing") for _ in range(10)][-1]
    assert (refused.status_code, blocked.status_code, limited.status_code) == (403, 403, 429)
    for answer, sentence in (
        (refused, "Quote the reference"),
        (blocked, "blocked for another 15 min"),
        (limited, "Try again in"),
    ):
        text = answer.get_data(as_text=True)
        assert sentence in text
        assert answer.headers["Cache-Control"] == "no-store"
        if "html" in accept:
            assert answer.content_type == "text/html; charset=utf-8"
            assert "<h1>" in text
            assert ("Reference <code>" in text) is (answer is not limited)
            assert "@" not in text
        else:
            assert answer.content_type == "application/problem+json"
    # Machines are answered as machines, whatever they say that they take.
    assert ask("/api/status").status_code == 429
    assert ask("/api/status").content_type == "application/problem+json"


def test_host_names_are_checked_on_ready_made_answers_too(build: Build):
    site = build(trusted_hosts=("status.example.com",))
    for path in ("/", "/api/status", "/history"):
        for host, status in (("status.example.com", 200), ("evil.example", 400)):
            answer = site.client().get(path, headers={"Host": host})
            assert answer.status_code == status, (path, host)
    # Probes come by address.
    assert site.client().get("/health/live", headers={"Host": "10.0.0.7"}).status_code == 200


def test_a_proxy_that_nobody_declared_is_named_and_never_blocked(site: Site, still: StandingClock):
    proxy = {"REMOTE_ADDR": "172.18.0.2"}
    for number in range(20):
        forwarded = {"X-Forwarded-For": f"198.51.100.{number}"}
        refused = site.client().get(ATTACK, headers=forwarded, environ_base=proxy)
        assert refused.status_code == 403
    assert in_force(site) == []
    assert site.portal.guard.undeclared.names() == ["172.18.0.2"]
    card = site.signed_in().client.get("/panel/cards/perimeter").get_data(as_text=True)
    assert "172.18.0.2</span> forwards requests but" in card
