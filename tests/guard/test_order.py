"""The order in front of Flask: what is looked at before what, and what each refusal says."""

import io
import json
from datetime import timedelta
from ipaddress import ip_network
from types import SimpleNamespace
from typing import Any

import pytest

from portal.board.answer import Answer
from portal.guard.blocks import Kind, Source
from portal.guard.chain import Chain, Passed
from portal.guard.head import Head, below, of_environ
from portal.guard.inspection import Inspection, Stopped
from portal.guard.limits import Decision
from portal.guard.perimeter import Denied, Held
from portal.guard.refusal import Detail, Ready
from portal.guard.waf import Inspected, Refusal, WafError
from portal.settings import AutoBlockRule
from tests.clocks import StandingClock
from tests.instants import NOW

pytestmark = pytest.mark.unit
ANSWER = Answer(b"body", 'W/"tag"', (("Content-Type", "x"), ("ETag", 'W/"tag"')), (("ETag", "t"),))


class World:
    """What the chain asks, each as told; `log` is the order in which it asked."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.denied: Denied | None = None
        self.decision = Decision(True, 7, 30)
        self.is_leaving = False
        self.is_known_poll = False
        self.is_on = True
        self.stopped: Stopped | None = None
        self.seen: dict[str, Any] = {}
        self.limit, self.rate, self.window_seconds = 10, "10/minute", 60
        self.learned: list[tuple[str, str | None, str]] = []

    # The perimeter
    def judge(self, client: str, key: str, **asked: Any) -> Denied | None:
        self.log.append("perimeter")
        self.seen |= {"client": client, "key": key, "host": asked["host"](), **asked}
        return self.denied

    def refused(self, denied: Denied, *, client: str, route: str, now: Any) -> str:
        self.log.append("refused")
        self.seen |= {"route": route}
        return "ref"

    # Proxies that nobody declared
    def meet(self, peer: str) -> None:
        self.log.append(f"met {peer}")

    # The limit
    def hit(self, key: str, route: str, *, now: float, share: int) -> Decision:
        self.log.append("limit")
        self.seen |= {"share": share, "route": route, "now": now}
        return self.decision

    def is_near(self, decision: Decision) -> bool:
        return decision.remaining <= 5

    # The polls of those who were let in
    state = "of the perimeter"

    def learn(self, peer: str, forwarded_for: str | None, key: str, state: object) -> None:
        self.learned.append((peer, forwarded_for, key))
        assert state is self.state

    # Polls of operators
    def passes(self, head: Head, now: float) -> bool:
        return self.is_known_poll

    # The WAF
    def check(self, request: Inspected, *, route: str) -> Stopped | None:
        self.log.append("waf")
        self.seen |= {"request": request}
        return self.stopped

    def find(self, path: str, query: str, now: Any, languages: Any) -> Answer | None:
        self.log.append("board")
        return ANSWER if path == "/" and not query else None

    def app(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        self.log.append("flask")
        self.seen |= {"environ": environ}
        start("200 OK", [("X-Frame-Options", "APP"), ("Cache-Control", "public")])
        return [b"flask"]

    def chain(self, **values: Any) -> Chain:
        return Chain(
            **{
                "app": self.app,
                "perimeter": self,
                "limits": self,
                "panels": self,
                "inspection": self,
                "session_cookie": "session",
                "probe_host": None,
                "is_leaving": lambda: self.is_leaving,
                "find": self.find,
                "trusted_proxies": (ip_network("10.0.0.0/8"),),
                "trusted_hosts": (),
                "prefix": "",
                "undeclared": self,
                "polls": self,
                "reads": lambda path, query: query,
                "static": lambda path: None,
                "page": lambda status, detail, reference: f"{detail} {reference}".encode(),
                "headers": (("X-Frame-Options", "DENY"), ("X-More", "1")),
                **values,
            }
        )


@pytest.fixture
def world(still: StandingClock) -> World:
    return World()


def head(path: str = "/x", method: str = "GET", **values: Any) -> Head:
    headers = values.pop("headers", {})
    return Head(
        **{
            "method": method,
            "path": path,
            "query": "",
            "peer": "192.0.2.1",
            "forwarded_for": None,
            "length": None,
            "origin": None,
            "header_bytes": 0,
            "header": headers.get,
            **values,
        }
    )


def ready(verdict: Ready | Passed) -> Ready:
    assert isinstance(verdict, Ready)
    return verdict


def passed(verdict: Ready | Passed) -> Passed:
    assert isinstance(verdict, Passed)
    return verdict


MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("values", "status", "why"),
    [
        ({}, None, "nothing is too large"),
        ({"length": str(MIB)}, None, "a mebibyte is the most"),
        ({"length": str(MIB + 1)}, 413, "a byte more"),
        ({"length": "0" * 11 + "1"}, None, "twelve digits can be read"),
        ({"length": "0" * 12 + "1"}, 413, "thirteen are not"),
        ({"length": "-1"}, 400, "no number"),
        ({"length": "1e3"}, 400, "no number"),
        ({"length": "١"}, 400, "no number of ours"),
        ({"length": ""}, None, "nothing is said"),
        ({"path": "/" + "a" * 8191}, None, "eight kibibytes are the most"),
        ({"path": "/" + "a" * 8192}, 414, "a byte more"),
        ({"path": "/" + "a" * 4095, "query": "b" * 4096}, None, "with the query"),
        ({"path": "/" + "a" * 4096, "query": "b" * 4096}, 414, "a byte more"),
        ({"path": "/" + "ä" * 1500}, 414, "as it is written on the wire: six bytes each"),
        ({"header_bytes": 32 * 1024}, None, "32 KiB of headers are the most"),
        ({"header_bytes": 32 * 1024 + 1}, 431, "a byte more"),
    ],
)
def test_what_is_too_large_is_refused_first(world: World, values, status, why):
    verdict = world.chain().judge(head(**values))
    if status is None:
        passed(verdict)
        return
    found = ready(verdict)
    assert found.status == status, why
    assert ("Connection", "close") in found.headers
    assert world.log == []


@pytest.mark.parametrize("path", ["/health", "/health/live", "/static/a.css"])
def test_probes_and_static_files_pass_by(world: World, path):
    found = passed(world.chain().judge(head(path)))
    assert (found.route, found.limit_headers, world.log) == ("", [], [])


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


@pytest.mark.parametrize(("remaining", "is_told"), [(7, False), (6, False), (5, True), (0, True)])
def test_a_ready_answer_tells_the_limit_to_who_has_used_half_of_it(
    world: World, remaining: int, is_told: bool
):
    """Caches share such an answer between clients."""
    world.decision = Decision(True, remaining, 30)
    found = ready(world.chain().judge(head("/")))
    assert (("RateLimit-Remaining", str(remaining)) in found.headers) is is_told
    assert any(name == "RateLimit-Limit" for name, _ in found.headers) is is_told


@pytest.mark.parametrize(
    ("tag", "status"),
    [('W/"tag"', 304), ('"x", W/"tag"', 304), ('W/"other"', 200), (None, 200), ("", 200)],
)
def test_who_has_it_is_told_so(world: World, tag, status):
    found = ready(world.chain().judge(head("/", headers={"if-none-match": tag})))
    assert found.status == status
    assert found.body == (b"" if status == 304 else b"body")


@pytest.mark.parametrize(("reset", "seconds"), [(30, "30"), (1, "1"), (0, "1")])
def test_too_many_are_told_when_to_come_back(world: World, reset, seconds):
    world.decision = Decision(False, 0, reset)
    found = ready(world.chain().judge(head("/")))
    assert found.status == 429
    assert ("Retry-After", seconds) in found.headers
    assert json.loads(found.body)["detail"] == (
        f"More than 10 requests in 60 seconds. Try again in {seconds} seconds."
    )
    assert ("X-Frame-Options", "DENY") in found.headers


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


def held(kind: Kind = Kind.BAN, seconds: float = 90.0) -> Denied:
    return Denied(Held("b", NOW.timestamp() + seconds, kind, Source.MANUAL, False))


def test_a_blocked_address_is_turned_away_before_it_is_counted(world: World):
    world.denied = held()
    found = ready(world.chain().judge(head("/a/b/c/d", "POST")))
    assert (found.status, world.log) == (403, ["perimeter", "refused"])
    assert ("Retry-After", "90") in found.headers
    assert ("Connection", "close") in found.headers
    body = json.loads(found.body)
    assert body["detail"] == "This address is blocked for another 1 min 30 s."
    assert (body["reference"], body["status"], body["title"]) == ("ref", 403, "Forbidden")
    assert world.seen["route"] == "POST /a/b"


def test_nothing_is_looked_up_for_who_is_turned_away(world: World):
    """A rare answer is made when it is asked for, which takes longer than a refusal may."""
    world.denied = held()
    ready(world.chain().judge(head("/")))
    assert world.log == ["perimeter", "refused"]


def test_a_foreign_origin_is_turned_away(world: World):
    world.denied = Denied(None, "https://evil.example")
    found = ready(world.chain().judge(head("/panel", headers={"cookie": "session=x"})))
    assert found.status == 403
    assert ("Vary", "Origin") in found.headers
    assert not any(name == "Retry-After" for name, _ in found.headers)


def test_a_throttled_address_has_a_tenth(world: World):
    world.denied = held(Kind.THROTTLE)
    found = passed(world.chain().judge(head("/x")))
    assert (world.seen["share"], found.denied) == (10, None)
    ready(world.chain().judge(head("/")))
    assert world.learned == [], "its next poll goes the whole way"
    world.denied = None
    ready(world.chain().judge(head("/")))
    assert len(world.learned) == 1


@pytest.mark.parametrize(
    ("path", "cookie", "is_let_in", "why"),
    [
        ("/panel", "a=1; session=x", True, "an operator may be behind it"),
        ("/panel/blocks", "session=x", True, "on any page of the panel"),
        ("/panel", "a=1", False, "nobody who signed in"),
        ("/panel", None, False, "no cookie at all"),
        ("/x", "session=x", False, "elsewhere it does not count"),
    ],
)
def test_an_operator_on_a_blocked_address_keeps_the_panel(
    world: World, path, cookie, is_let_in, why
):
    world.denied = held()
    headers = {"cookie": cookie} if cookie else {}
    verdict = world.chain().judge(head(path, headers=headers))
    assert isinstance(verdict, Passed) is is_let_in, why
    if isinstance(verdict, Passed):
        assert (verdict.denied, world.seen["share"]) == (world.denied, 1)


def test_a_problem_has_one_shape(world: World):
    made = world.chain().refuse(head(), 400, "Why.", [("X-Other", "2")])
    assert json.loads(made.body) == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "Why.",
    }
    assert made.headers[:3] == [
        ("Content-Type", "application/problem+json"),
        ("Content-Length", str(len(made.body))),
        ("Cache-Control", "no-store"),
    ]
    assert made.headers[3:] == [("X-Frame-Options", "DENY"), ("X-More", "1"), ("X-Other", "2")]
    assert world.chain().refuse(head(method="HEAD"), 400, "Why.", []).body == b""


def call(one: Chain, path: str = "/x", method: str = "GET", **environ: Any) -> tuple[Any, ...]:
    """Status, headers and body as a server would have them."""
    told: list[Any] = []
    body = one(
        {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "REMOTE_ADDR": "192.0.2.1",
            "wsgi.input": io.BytesIO(b"0123456789"),
            **environ,
        },
        lambda status, headers, *_: told.extend((status, headers)),
    )
    parts = list(body)
    assert all(parts), "an empty body has no part"
    return told[0], dict(told[1]), b"".join(parts)


def test_what_flask_says_itself_stands_and_the_rest_is_added(world: World):
    status, headers, body = call(world.chain())
    assert (status, body) == ("200 OK", b"flask")
    assert headers["X-Frame-Options"] == "APP"
    assert (headers["X-More"], headers["Cache-Control"]) == ("1", "public")
    assert len(headers["X-Request-Id"]) == 16
    assert world.log == ["perimeter", "board", "limit", "waf", "flask"]
    assert world.seen["environ"]["portal.client"] == "192.0.2.1"
    assert "portal.denied" not in world.seen["environ"]
    assert "HTTP_HOST" not in world.seen["environ"]


@pytest.mark.parametrize("has_close", [False, True])
def test_to_head_the_whole_answer_is_made_and_closed(world: World, has_close: bool):
    closed: list[int] = []

    class Body(list[bytes]):
        def close(self) -> None:
            closed.append(1)

    def app(environ: dict[str, Any], start: Any) -> list[bytes]:
        body = world.app(environ, start)
        return Body(body) if has_close else body

    status, _, body = call(world.chain(app=app), method="HEAD")
    assert (status, body, closed) == ("200 OK", b"", [1] if has_close else [])
    assert world.seen["environ"]["REQUEST_METHOD"] == "GET"


@pytest.mark.parametrize(
    ("path", "is_private"),
    [("/panel", True), ("/api/admin/x", True), ("/api/status2", False), ("/x", False)],
)
def test_what_is_private_is_kept_by_no_cache(world: World, path, is_private):
    told: list[Any] = []
    world.chain()(
        {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "wsgi.input": io.BytesIO(),
        },
        lambda status, headers, *_: told.extend(headers),
    )
    said = [value for name, value in told if name == "Cache-Control"]
    assert said == (["no-store"] if is_private else ["public"])


def test_ready_answers_go_out_without_flask(world: World):
    status, headers, body = call(world.chain(), "/")
    assert (status, body, headers["ETag"]) == ("200 OK", b"body", 'W/"tag"')
    assert "flask" not in world.log
    _, _, body = call(world.chain(), "/", HTTP_IF_NONE_MATCH='W/"tag"')
    assert body == b""


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


def test_flask_is_told_of_a_block_that_it_is_to_judge(world: World):
    world.denied = held()
    call(world.chain(), "/panel", HTTP_COOKIE="session=x")
    assert world.seen["environ"]["portal.denied"] is world.denied


@pytest.mark.parametrize(
    ("peer", "name", "is_kept", "why"),
    [
        ("10.0.0.1", "abcdefgh", True, "a proxy of ours named it"),
        ("192.0.2.1", "abcdefgh", False, "anybody else may not"),
        ("10.0.0.1", "short", False, "too short"),
        ("10.0.0.1", "a" * 65, False, "too long"),
        ("10.0.0.1", "abcd efgh", False, "no name"),
        ("10.0.0.1", "", False, "nothing"),
    ],
)
def test_what_a_request_is_called(world: World, peer, name, is_kept, why):
    _, headers, _ = call(world.chain(), REMOTE_ADDR=peer, HTTP_X_REQUEST_ID=name)
    assert (headers["X-Request-Id"] == name) is is_kept, why
    assert world.seen["environ"]["portal.request_id"] == headers["X-Request-Id"]


def test_the_waf_sees_the_request_and_flask_its_body_still(world: World):
    call(
        world.chain(),
        "/api/x",
        "POST",
        CONTENT_LENGTH="4",
        CONTENT_TYPE="text/plain",
        HTTP_USER_AGENT="ua",
        HTTP_X_FORWARDED_FOR="198.51.100.1",
        REMOTE_ADDR="10.0.0.1",
        QUERY_STRING="a=1",
    )
    seen: Inspected = world.seen["request"]
    assert (seen.method, seen.path, seen.query, seen.body) == ("POST", "/api/x", "a=1", b"0123")
    assert dict(seen.headers) == {
        "user-agent": "ua",
        "x-forwarded-for": "198.51.100.1",
        "content-type": "text/plain",
        "content-length": "4",
    }
    assert (seen.address, seen.is_anonymous) == ("198.51.100.1", True)
    assert world.seen["environ"]["wsgi.input"].read() == b"0123"


def test_without_a_length_no_body_is_read(world: World):
    call(world.chain(), "/x")
    seen: Inspected = world.seen["request"]
    assert (seen.body, seen.headers) == (b"", ())
    assert world.seen["environ"]["wsgi.input"].read() == b"0123456789"


@pytest.mark.parametrize(
    ("path", "environ", "is_anonymous", "why"),
    [
        ("/panel/x", {"HTTP_COOKIE": "session=x"}, False, "an operator's words"),
        ("/api/admin/x", {"HTTP_AUTHORIZATION": "Bearer x"}, False, "a token's"),
        ("/panel/x", {}, True, "nothing is claimed"),
        ("/panel/x", {"HTTP_COOKIE": "other=x"}, True, "another cookie"),
        ("/api/x", {"HTTP_AUTHORIZATION": "Bearer x"}, True, "where no claim is checked"),
        ("/x", {"HTTP_COOKIE": "session=x"}, True, "nor here"),
    ],
)
def test_whose_words_they_are(world: World, path, environ, is_anonymous, why):
    call(world.chain(), path, **environ)
    assert world.seen["request"].is_anonymous is is_anonymous, why


def test_headers_are_measured_by_name_and_value():
    made = of_environ(
        {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/",
            "QUERY_STRING": "q",
            "HTTP_HOST": "abc",
            "HTTP_X_A": "de",
            "wsgi.version": "no header",
        }
    )
    assert made.header_bytes == len("HTTP_HOST") + 3 + len("HTTP_X_A") + 2
    assert made.header("x-a") == "de"
    assert made.header("nothing") is None


class Engine:
    """Refuses, passes or fails as told."""

    name, rule_set, library = "own", "rules", "own"

    def __init__(self) -> None:
        self.answer: Refusal | Exception | None = None

    def inspect(self, request: Inspected) -> Refusal | None:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Counter:
    """One of the counters, with or without labels."""

    def __init__(self, counts: dict[str, int], name: str) -> None:
        self.counts, self.name = counts, name

    def labels(self, *_: str) -> "Counter":
        return self

    def inc(self) -> None:
        self.counts[self.name] = self.counts.get(self.name, 0) + 1


class Counters:
    """Counts by name."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def __getattr__(self, name: str) -> Counter:
        return Counter(self.counts, name)


class Hits:
    def __init__(self) -> None:
        self.clients: list[str] = []

    def hit(self, client: str) -> None:
        self.clients.append(client)


def request(method: str = "GET", agent: str | None = "agent\x00" + "a" * 200) -> Inspected:
    headers = (("host", "h"), ("user-agent", agent)) if agent is not None else ()
    return Inspected(method, "/x", "", headers, b"", "192.0.2.1", True)


@pytest.fixture
def inspection(still: StandingClock) -> Any:
    return Inspection(Engine(), Counters(), Hits())  # type: ignore[arg-type]


def test_what_is_refused_is_counted_and_remembered(inspection: Any):
    inspection.engine.answer = Refusal(400, "sql")
    found = inspection.check(request(), route="GET /x")
    assert found.status == 400
    (one,) = inspection.recent()
    assert (one.reference, one.rule, one.address) == (found.reference, "sql", "192.0.2.1")
    assert one.agent == ("agent" + "a" * 200)[:120]
    assert inspection._offences.clients == ["192.0.2.1"]
    assert inspection.last_block_at() == NOW
    for table, key in (("rules", "sql"), ("addresses", "192.0.2.1"), ("agents", one.agent)):
        (top,) = getattr(inspection, table).top(9)
        assert (top.key, top.blocked, top.allowed) == (key, 1, 0)
    assert inspection._counters.counts == {"waf_evaluated": 1, "waf_blocked": 1, "waf_rule_hits": 1}
    inspection.check(request(agent=None), route="GET /x")
    assert [len(inspection.agents.top(9)), inspection.recent()[0].agent] == [1, ""]


@pytest.mark.parametrize(
    ("method", "status"), [("GET", None), ("HEAD", None), ("OPTIONS", None), ("POST", 503)]
)
def test_an_engine_that_fails_lets_reads_through(inspection: Any, method, status):
    inspection.engine.answer = WafError("broken")
    found = inspection.check(request(method), route="r")
    assert (found.status if found else None) == status
    assert inspection._counters.counts == {"waf_evaluated": 1, "waf_errors": 1}
    assert inspection.recent() == []
    assert inspection.last_block_at() is None


@pytest.mark.parametrize("is_set", [True, False])
def test_figures_of_the_waf_say_when_it_blocks(inspection: Any, is_set: bool):
    rule = AutoBlockRule(threshold=8, window=timedelta(minutes=10), ttl=timedelta(minutes=15))
    inspection._offences.rule = rule if is_set else None
    inspection._counters = SimpleNamespace(
        read=lambda: SimpleNamespace(waf_evaluated=5, waf_blocked=2, waf_errors=1, auto_blocks=3)
    )
    shown = inspection.figures()
    assert (shown.evaluated, shown.blocked, shown.errors) == (5, 2, 1)
    block = shown.auto_block
    assert (block.enabled, block.threshold, block.window_seconds, block.ttl_seconds) == (
        (True, 8, 600, 900) if is_set else (False, 0, 0, 0)
    )


def test_what_passes_is_evaluated_and_no_more(inspection: Any):
    assert inspection.check(request(), route="r") is None
    assert inspection._counters.counts == {"waf_evaluated": 1}
    inspection.engine.name = "off"
    assert not inspection.is_on
    assert inspection.check(request(), route="r") is None
    assert inspection._counters.counts == {"waf_evaluated": 1}


@pytest.mark.parametrize("path", ["/healthy", "/healthx/live", "/health.json", "/staticx"])
def test_what_only_begins_like_a_probe_is_counted(world: World, path):
    passed(world.chain().judge(head(path)))
    assert "limit" in world.log


@pytest.mark.parametrize(
    ("path", "prefix", "found"),
    [
        ("/x", "", "/x"),
        ("/status/x", "/status", "/x"),
        ("/status/", "/status", "/"),
        ("/status", "/status", "/"),
        ("/status2", "/status", "/status2"),
        ("/x/status", "/status", "/x/status"),
    ],
)
def test_a_prefix_that_a_proxy_left_on_is_taken_off(path: str, prefix: str, found: str):
    assert below(path, prefix) == found


def test_a_sentence_without_figures_stands_as_it_is():
    assert str(Detail("100 % of it")) == "100 % of it"
    assert str(Detail("%(seconds)d s, 100 %%", {"seconds": 3})) == "3 s, 100 %"
