"""What the WAF is shown of a request, and what follows from its word."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from portal.guard.inspection import Inspection
from portal.guard.waf import Inspected, Refusal, WafError
from portal.settings import AutoBlockRule
from tests.clocks import StandingClock
from tests.guard.world import World, call
from tests.instants import NOW

pytestmark = pytest.mark.unit


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
