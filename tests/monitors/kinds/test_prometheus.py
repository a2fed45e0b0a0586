"""Prometheus: a real one, and servers that answer as none does."""

import base64
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.monitors.health import Outcome
from portal.monitors.looks import Look
from portal.monitors.monitor import Kind
from tests.monitors import servers
from tests.monitors.kinds import programs
from tests.monitors.kinds.looks import OK, look
from tests.monitors.servers import saying, serving
from tests.patience import until
from tests.ports import free_port

pytestmark = pytest.mark.process
# Of “top-secret”.
WEB = "basic_auth_users: {ada: $2b$04$7xs1BITm9e1uSpL/MehGr.Pj2JZ745VIoFcx0HJlzDP6MLVIH6YfS}\n"
Real = tuple["subprocess.Popen[bytes]", int]


def ask(port: int, query: str = "up", condition: str = "== 1", **given: object) -> Look:
    url = f"http://127.0.0.1:{port}/"
    return look(Kind.PROMETHEUS, url=url, query=query, condition=condition, **given)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    """A Prometheus that has scraped itself."""
    with programs.prometheus(tmp_path_factory.mktemp("prometheus")) as (process, port):
        until(lambda: ask(port).outcome is Outcome.UP, what="a scrape")
        yield process, port


def test_prometheus_that_is_well(real: Real):
    found = ask(real[1])
    assert (found.outcome, found.detail) == (Outcome.UP, "1")
    assert found.trace.status == "200"
    assert "waiting" in found.trace.phases
    for query, condition, said in (
        ("vector(38)", "< 500", "38"),
        ("42", ">= 42", "42"),
        ("label_replace(vector(1), 'a', 'b', '', '') or vector(2)", ">= 1", "2 series keep to it"),
        ('count(up{job="itself"}) + 1', "== 2", "2"),
    ):
        found = ask(real[1], query, condition)
        assert (found.outcome, found.detail) == (Outcome.UP, said), query


@pytest.mark.parametrize(
    ("query", "condition", "said"),
    [
        ("up", "> 1", "1, expected > 1"),
        ("vector(1) / 0", "< 5", "inf, expected < 5"),
        ("vector(0) / 0", "< 5", "nan, expected < 5"),
        ("label_replace(vector(1), 'a', 'b', '', '') or vector(2)", "< 2", "2, expected < 2"),
    ],
)
def test_prometheus_that_is_wrong(real: Real, query: str, condition: str, said: str):
    found = ask(real[1], query, condition)
    assert (found.outcome, found.detail) == (Outcome.DOWN, said)
    turned = ask(real[1], query, condition, is_inverted=True)
    assert (turned.outcome, turned.detail) == (Outcome.UP, f"{said}, as it should")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("no_such_series", "The query gives no series"),
        ("up{", 'Prometheus: invalid parameter "query"'),
        ("up[5m]", "Prometheus: 200, and no answer to a query"),
        ('"text"', "Prometheus: 200, and no answer to a query"),
    ],
)
def test_a_query_that_says_nothing_is_unknown(real: Real, query: str, said: str):
    for is_inverted in (False, True):
        found = ask(real[1], query, is_inverted=is_inverted)
        assert found.outcome is Outcome.UNKNOWN
        assert found.detail.startswith(said)
        assert found.ms is None


def test_prometheus_that_is_slow(real: Real):
    process, port = real
    with programs.stopped(process):
        for is_inverted in (False, True):
            found = ask(port, timeout_seconds=1, is_inverted=is_inverted)
            said = "Prometheus: No answer within 1 s"
            assert (found.outcome, found.detail) == (Outcome.UNKNOWN, said)
    with serving(servers.drip(b"HTTP/1.1 200 OK\r\n\r\n")) as dripping:
        assert ask(dripping, timeout_seconds=1).outcome is Outcome.UNKNOWN
    # A look at itself that was due meanwhile failed; with the next one it is up again.
    until(lambda: ask(port, latency_limit_ms=60_000).outcome is Outcome.UP, what="the next look")


def test_prometheus_that_is_dead(tmp_path: Path):
    with programs.prometheus(tmp_path) as (_, port):
        until(lambda: ask(port, "1").outcome is Outcome.UP, what="the start")
    found = ask(port, "1")
    said = "Prometheus: Connection refused"
    assert (found.outcome, found.detail) == (Outcome.UNKNOWN, said)


def test_prometheus_that_asks_who_is_there(tmp_path: Path):
    signed = {"username": "ada", "credentials": {"password": "top-secret"}}
    with programs.prometheus(tmp_path, web=WEB) as (_, port):
        until(lambda: ask(port, "1", **signed).outcome is Outcome.UP, what="the start")
        for given in ({}, {**signed, "credentials": {"password": "wrong"}}):
            found = ask(port, "1", **given)
            said = "Prometheus: 401, and no answer to a query"
            assert (found.outcome, found.detail) == (Outcome.UNKNOWN, said)


def test_prometheus_behind_a_proxy_that_wants_a_token(real: Real, tmp_path: Path):
    port = free_port()
    rule = 'if ($http_authorization != "Bearer top-secret") { return 403; }'
    passed = f"location / {{ {rule} proxy_pass http://127.0.0.1:{real[1]}; }}"
    with programs.nginx(tmp_path, f"server {{ listen 127.0.0.1:{port}; {passed} }}"):
        signed = {"credentials": {"bearerToken": "top-secret"}}
        until(lambda: ask(port, **signed).outcome is Outcome.UP, what="the start")
        found = ask(port)
    assert found.detail == "Prometheus: 403, and no answer to a query"


def test_no_secret_is_in_what_is_noted(tmp_path: Path):
    encoded = base64.b64encode(b"ada:top-secret").decode()
    with serving(saying(OK)) as port:
        found = ask(port, username="ada", credentials={"password": "top-secret"})
    noted = str(found.evidence())
    assert "top-secret" not in noted
    assert encoded not in noted


def said_by_prometheus(result: str) -> bytes:
    body = f'{{"status":"success","data":{{"resultType":"vector","result":{result}}}}}'
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (said_by_prometheus('[{"value":[1]}]'), "Prometheus: 200, and no answer to a query"),
        (said_by_prometheus("null"), "Prometheus: 200, and no answer to a query"),
        (OK, "Prometheus: 200, and no answer to a query"),
        (b"", "Prometheus: The answer is no HTTP"),
    ],
)
def test_what_is_no_prometheus(answer: bytes, said: str):
    with serving(saying(answer)) as port:
        found = ask(port)
    assert (found.outcome, found.detail) == (Outcome.UNKNOWN, said)
