"""The WAF: ordinary clients and prose pass, attacks do not."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlencode

import pytest

from portal import clock
from portal.guard import waf
from portal.guard.waf import Inspected, Refusal
from portal.settings import DeclaredWorker
from tests.conftest import Build
from tests.guard.requests import asked
from tests.processes import ROOT
from tests.sites import figure

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


def prose() -> list[str]:
    lines = (CORPORA / "prose.txt").read_text(encoding="utf-8").splitlines()
    return [line.replace("⏎", "\n") for line in lines]


def attacks() -> list[tuple[str, Inspected]]:
    found = []
    for line in (CORPORA / "attacks.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        first, *pairs = line.split("\t")
        method, _, target = first.partition(" ")
        path, _, query = target.partition("?")
        headers = dict(pair.split(": ", 1) for pair in pairs)
        found.append((line.replace("\t", " "), asked(method, unquote(path), query, **headers)))
    return found


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


def test_prose_is_never_refused_in_any_body(engine: waf.Engine):
    texts = prose()
    assert len(set(texts)) == len(texts) >= 300
    for text in texts:
        form = urlencode({"title": text, "message": text, "reason": text}).encode()
        data = json.dumps({"title": text, "message": text, "labels": {"text": text}}).encode()
        for is_anonymous in (True, False):
            for method, kind, body in (
                ("POST", "application/x-www-form-urlencoded", form),
                ("PUT", "application/json", data),
            ):
                request = asked(
                    method,
                    "/api/admin/runtime/maintenance",
                    body=body,
                    is_anonymous=is_anonymous,
                    **{"content-type": kind},
                )
                assert engine.inspect(request) is None, text


def test_prose_arrives_in_every_prose_field(build: Build):
    """Through the whole chain, by the API and by the panel's forms."""
    worker = DeclaredWorker("jobs", timedelta(seconds=30))
    site = build(workers_declared=(worker,), rate_limit="1000000/minute")
    # What comes in is looked at here, not what is shown: six hundred pictures would only be slow.
    for acts in vars(site.portal.status).values():
        acts._on_change = lambda: None
    headers, client = site.bearer(), site.client()
    person = site.signed_in()
    csrf = person.csrf()
    base = "/api/admin/runtime/maintenance"
    now = clock.now()
    for number, text in enumerate(prose()):
        title = re.sub(r"\s+", " ", text)[:200].strip()
        note = {"title": title, "message": text}
        draft = {**note, "status": "draft"}  # three hundred banners at once would only be slow
        value = f"10.1.{number // 250}.{number % 250}"
        # One after the other, so that none has to be compared with three hundred others, and so
        # far ahead that no picture has to show them all.
        window = {
            **note,
            "startsAt": clock.iso(now + timedelta(days=70, hours=2 * number + 1)),
            "endsAt": clock.iso(now + timedelta(days=70, hours=2 * number + 2)),
        }
        block = {"scope": "ip", "value": value, "duration": "1h", "reason": text[:500]}
        for path, body in (("", draft), ("/windows", window), ("/perimeter/blocks", block)):
            made = client.post(base + path, json=body, headers=headers)
            assert made.status_code == 201, (path, text, made.get_data(as_text=True))
        assert client.get(f"{base}/{number + 1}", headers=headers).get_json()["message"] == (
            text.strip()
        )
        report = {"status": "healthy", "pending": 0, "note": title}
        reported = client.put("/api/admin/runtime/workers/jobs", json=report, headers=headers)
        assert reported.status_code == 200, text
        form = {
            "csrf_token": csrf,
            **note,
            "severity": "info",
            "status": "active",
            "audiences": "public",
            "channels": "web",
        }
        preview = person.client.post(
            f"/panel/{'windows' if 'zone' in form else 'announcements'}/preview", data=form
        )
        assert preview.status_code == 200, text
        blocked = person.client.post(
            "/panel/blocks", data={**block, "value": f"10.2{value[4:]}", "csrf_token": csrf}
        )
        assert blocked.status_code == 303, text
    feed = site.scrape().get_data(as_text=True)
    assert figure(feed, "gigvora_waf_blocked_requests_total") == 0
    assert figure(feed, "gigvora_waf_errors_total") == 0


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
