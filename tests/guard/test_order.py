"""The order in front of Flask: the cheap comes before the dear."""

import json

import pytest

from portal.guard.blocks import Kind
from portal.guard.inspection import Stopped
from portal.guard.refusal import Ready
from tests.guard.world import ANSWER, World, call, head, held, passed, ready
from tests.instants import NOW

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("path", ["/health", "/health/live", "/static/a.css"])
def test_probes_and_static_files_pass_by(world: World, path):
    found = passed(world.chain().judge(head(path)))
    assert (found.route, found.limit_headers, world.log) == ("", [], [])


@pytest.mark.parametrize(
    ("method", "path", "body", "why"),
    [
        ("GET", "/static/a.css", b"body", "it is there, ready-made"),
        ("HEAD", "/static/a.css", b"", "its head alone"),
        ("POST", "/static/a.css", None, "Flask says which methods it takes"),
        ("OPTIONS", "/static/a.css", None, "and does so when it is asked"),
        ("GET", "/static/b.css", None, "Flask says that it is not there"),
    ],
)
def test_a_static_file_that_is_ready_goes_out_without_flask(
    world: World, method: str, path: str, body: bytes | None, why: str
):
    one = world.chain(static={"/static/a.css": ANSWER}.get)
    verdict = one.judge(head(path, method))
    assert (verdict.body if isinstance(verdict, Ready) else None) == body, why
    assert world.log == []


@pytest.mark.parametrize(
    ("path", "body", "why"),
    [
        ("/status", b"body", "the page itself"),
        ("/status/", b"body", "with its slash"),
        ("/", b"body", "the proxy took the prefix off"),
        ("/statusx", b"flask", "it only begins like it"),
    ],
)
def test_the_prefix_that_a_proxy_left_on_is_taken_off(
    world: World, path: str, body: bytes, why: str
):
    assert call(world.chain(prefix="/status"), path)[2] == body, why


def test_a_poll_of_a_known_operator_is_neither_counted_nor_inspected(world: World):
    world.is_known_poll = True
    verdict = passed(world.chain().judge(head("/panel/cards")))
    assert (verdict.route, verdict.limit_headers) == ("", [])
    assert world.log == ["perimeter", "board"]
    # Who is throttled has his tenth, operator or not.
    world.denied = held(Kind.THROTTLE)
    assert passed(world.chain().judge(head("/panel/cards"))).route
    assert world.seen["share"] == 10
    # Who is blocked is told to Flask, which knows its operators.
    world.denied = held()
    cookies = {"cookie": "session=x"}
    assert passed(world.chain().judge(head("/panel/cards", headers=cookies))).denied is world.denied


def test_the_cheap_comes_before_the_dear(world: World):
    found = passed(world.chain().judge(head("/api/admin/windows/7/acts", query="a=1")))
    assert world.log == ["perimeter", "board", "limit"]
    assert (found.route, found.client) == ("GET /api/admin", "192.0.2.1")
    assert found.limit_headers == [
        ("RateLimit-Limit", "10"),
        ("RateLimit-Remaining", "7"),
        ("RateLimit-Reset", "30"),
    ]
    assert (world.seen["share"], world.seen["key"]) == (1, "ip:192.0.2.1")
    assert world.seen["now"] == NOW.timestamp()


@pytest.mark.parametrize(
    ("method", "asks"), [("GET", True), ("HEAD", True), ("POST", False), ("OPTIONS", False)]
)
def test_only_reads_are_answered_by_the_board(world: World, method, asks):
    verdict = world.chain().judge(head("/", method))
    assert ("board" in world.log) is asks
    assert isinstance(verdict, Ready) is asks
    assert world.seen["route"] == (f"{method} /")
    if asks:
        found = ready(verdict)
        assert (found.status, found.body) == (200, b"body" if method == "GET" else b"")
        assert world.learned == [("192.0.2.1", None, "ip:192.0.2.1")]
    else:
        assert world.learned == []


@pytest.mark.parametrize(
    ("method", "status"),
    [("GET", None), ("HEAD", None), ("OPTIONS", None), ("POST", 503), ("DELETE", 503)],
)
def test_who_leaves_takes_no_writes(world: World, method, status):
    world.is_leaving = True
    verdict = world.chain().judge(head("/x", method))
    assert (verdict.status if isinstance(verdict, Ready) else None) == status
    if isinstance(verdict, Ready):
        assert ("Retry-After", "30") in verdict.headers
    world.is_leaving = False
    passed(world.chain().judge(head("/x", method)))


def test_what_the_waf_refuses_goes_no_further(world: World):
    world.stopped = Stopped(400, "ref")
    status, headers, body = call(world.chain())
    assert (status, json.loads(body)["reference"]) == ("400 Bad Request", "ref")
    assert headers["RateLimit-Remaining"] == "7"
    assert "flask" not in world.log
    assert call(world.chain(), method="HEAD")[2] == b""
    world.is_on = False
    assert call(world.chain())[2] == b"flask"


def test_probes_are_not_shown_to_the_waf_and_come_by_address(world: World):
    call(world.chain(probe_host="status.example.com"), "/health/live", HTTP_HOST="10.0.0.1")
    assert world.log == ["flask"]
    assert world.seen["environ"]["HTTP_HOST"] == "status.example.com"
    call(world.chain(probe_host="status.example.com"), "/x", HTTP_HOST="h")
    assert world.seen["environ"]["HTTP_HOST"] == "h"
    call(world.chain(), "/health/live", HTTP_HOST="10.0.0.1")
    assert world.seen["environ"]["HTTP_HOST"] == "10.0.0.1"


@pytest.mark.parametrize("path", ["/healthy", "/healthx/live", "/health.json", "/staticx"])
def test_what_only_begins_like_a_probe_is_counted(world: World, path):
    passed(world.chain().judge(head(path)))
    assert "limit" in world.log
