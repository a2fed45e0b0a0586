"""The WAF: ordinary clients pass, attacks do not."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from portal.guard import waf
from portal.guard.waf import Inspected, Refusal
from tests.guard.corpus import attacks
from tests.guard.requests import asked
from tests.processes import ROOT

CORPORA = Path(__file__).parent / "corpora"
PATHS = (
    "/",
    "/banner",
    "/api/status",
    "/api/runtime/maintenance",
    "/api/docs",
    "/api/openapi.json",
    "/panel",
    "/panel/login",
    "/panel/cards/waf",
    "/favicon.ico",
    "/robots.txt",
    "/.well-known/security.txt",
    "/api/admin/runtime/health",
)
QUERIES = (
    "",
    "audience=public&channel=web&windowMinutes=90&includeResolved=true&limit=20",
    "type=account&actor=cli:root&page=2",
    "since=2026-11-24T10:00:00Z",
    "format=csv",
    "refresh=true&verbose=1",
    "next=/panel/maintenance?x%3D1",
    "utm_source=mail&utm_medium=a+b",
    "q=O%27Neill+%26+Sons",
    "ref=https://www.example.com/a?b=c",
    "lang=de-DE",
    "t=1764000000.5",
    "active=false&limit=50&offset=100",
    "q=drop+in+and+select+a+seat",
    "v=1.2.3-beta%2B4",
)
KNOWN = json.loads((CORPORA / "clients.json").read_text())
CLIENTS: dict[str, dict[str, str]] = {
    name: {**(KNOWN["browser"] if headers.pop("like", "") else {}), **headers}
    for name, headers in KNOWN["clients"].items()
}


@pytest.mark.parametrize("client", CLIENTS)
def test_no_ordinary_client_is_refused(engine: waf.Engine, client: str):
    for path in PATHS:
        for query in QUERIES:
            for is_anonymous in (True, False):
                request = asked(
                    path=path, query=query, is_anonymous=is_anonymous, **CLIENTS[client]
                )
                assert engine.inspect(request) is None, (path, query)
    for method in ("HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        assert engine.inspect(asked(method, "/panel/login", **CLIENTS[client])) is None


def test_at_least_95_of_100_attacks_are_refused_and_the_misses_are_listed(engine: waf.Engine):
    tried = attacks()
    assert len(tried) >= 150
    missed = [name for name, request in tried if engine.inspect(request) is None]
    assert 1 - len(missed) / len(tried) >= 0.95
    listed = re.findall(r"^- missed: `(.+)`$", (ROOT / "docs/waf.md").read_text(), re.MULTILINE)
    assert listed == missed


@pytest.mark.parametrize(
    ("request_", "rule"),
    [
        (asked("TRACE"), "http.method"),
        (asked(path="/x/../y"), "traversal.dotdot"),
        (asked(query="audience[$ne]=1"), "nosql.operator"),
        (asked("POST", "/api/x", body=b'{"a": [{"$where": "1"}]}'), "nosql.operator"),
        (asked("POST", "/api/x", body=b'{"\\u0024ne": 1}'), "nosql.operator"),
        (asked(query="&".join("a=1" for _ in range(256))), "http.fields"),
        (asked(**{"x-odd": "\udcff"}), "http.header"),
        (asked(query="a=1\0&b='--"), "http.smuggling"),
        (asked(query="a=" + "b" * 4097), "http.length"),
        (asked(query="a" * 4097), "http.length"),
        (asked(path="/" + "a" * 4096), "http.length"),
        (asked(**{"referer": "a" * 4097}), "http.length"),
        # By length: what follows a NUL is seen too.
        (asked(**{"user-agent": "curl\0sqlmap"}), "agent.scanner"),
    ],
)
def test_what_is_refused_by_which_rule(engine: waf.Engine, request_: Inspected, rule: str):
    found = engine.inspect(request_)
    assert found is not None
    assert found.rule == rule
    assert found.rule in engine.rules


def test_parameters_of_people_who_are_signed_in_are_their_own(engine: waf.Engine):
    query = "q=1'%20UNION%20SELECT%20name"
    assert engine.inspect(asked(query=query, is_anonymous=False)) is None
    claimed = asked(query=query, **{"x-portal-anonymous": "0"})
    assert engine.inspect(claimed) == Refusal(403, "sqli.parameter")


def test_names_in_a_json_body_are_operators_but_values_are_prose(engine: waf.Engine):
    body = json.dumps({"message": '"$where" is what they tried'}).encode()
    assert engine.inspect(asked("POST", "/api/x", body=body)) is None
    assert engine.inspect(asked("POST", "/api/x", body=b'{"$broken')) is None


def test_threads_get_the_same_answers(engine: waf.Engine):
    tried = [request for _, request in attacks()]
    alone = [engine.inspect(request) for request in tried]
    with ThreadPoolExecutor(8) as pool:
        for together in pool.map(lambda _: [engine.inspect(one) for one in tried], range(8)):
            assert together == alone
