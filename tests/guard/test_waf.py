"""The WAF: ordinary clients and prose pass, attacks do not, and every rule proves itself."""

import html
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlencode

import pytest

from portal import clock
from portal.guard import waf
from portal.guard.waf import Inspected, Refusal, WafError, loading, modsecurity, requests
from portal.settings import DeclaredWorker
from tests.conftest import Build
from tests.guard import libraries
from tests.processes import ROOT
from tests.sites import Site, figure

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


@pytest.fixture(scope="module", params=libraries.ORIGINS)
def engine(request: pytest.FixtureRequest) -> waf.Engine:
    return libraries.engine(request.param)


def asked(
    method: str = "GET",
    path: str = "/",
    query: str = "",
    *,
    body: bytes = b"",
    is_anonymous: bool = True,
    **headers: str,
) -> Inspected:
    pairs = (("host", "status.example.com"), *headers.items())
    return Inspected(method, path, query, pairs, body, "192.0.2.1", is_anonymous)


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


def test_what_is_remembered_as_clean_holds_all_that_rules_see(engine: waf.Engine):
    clean = asked("POST", "/panel/login", "a=1", **{"user-agent": "curl/8"})
    changes = [
        asked("TRACE", "/panel/login", "a=1", **{"user-agent": "curl/8"}),
        asked("POST", "/panel/login.php", "a=1", **{"user-agent": "curl/8"}),
        asked("POST", "/panel/login", "a=1'--", **{"user-agent": "curl/8"}),
        asked("POST", "/panel/login", "a=1", **{"user-agent": "sqlmap"}),
        *(
            asked("POST", "/panel/login", "a=1", **{"user-agent": "curl/8", name: "${jndi:x}"})
            for name in ("referer", "x-forwarded-for", "x-api-version", "transfer-encoding")
        ),
        asked(
            "POST",
            "/panel/login",
            "a=1",
            **{"user-agent": "curl/8", "transfer-encoding": "chunked", "content-length": "1"},
        ),
    ]
    for _ in range(2):
        assert engine.inspect(clean) is None
        for request in changes:
            assert engine.inspect(request) is not None, request
    text = (loading.RULES / "portal.conf").read_text()
    looked_at = {name.lower() for name in re.findall(r"REQUEST_HEADERS:([\w-]+)", text)}
    assert looked_at - {"x-portal-anonymous", "content-length"} == requests._BY_VALUE


def test_memory_of_clean_requests_is_bounded(engine: waf.Engine):
    for number in range(modsecurity.MOST_REMEMBERED + 500):
        assert engine.inspect(asked(query=f"t={number}")) is None
    assert len(engine._clean) <= modsecurity.MOST_REMEMBERED
    before = len(engine._clean)
    assert engine.inspect(asked(query="t=" + "1" * 2000)) is None
    assert len(engine._clean) == before


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("portal.conf", "proofs.json"):
        (tmp_path / name).write_text((loading.RULES / name).read_text())
    monkeypatch.setattr(loading, "RULES", tmp_path)
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("portal.conf", "@detectSQLi", "@detectSQLj", "1081"),
        ("portal.conf", '"@rx [\\x00\\r\\n]"', '"@rx ("', "1012"),
        ("portal.conf", "id:1050,phase:1,deny", "id:1050,phase:1,pass", "1050"),
        ("portal.conf", "msg:'http.method'", "nolog", "1000"),
        ("portal.conf", "DELETE|OPTIONS", "DELETE|OPTION", "1000"),
        (
            "proofs.json",
            '"id": 1030, "refuse": "GET /.git/config"',
            '"id": 1030, "refuse": "GET /git"',
            "1030",
        ),
        ("proofs.json", '"id": 1040', '"id": 1041', "1040"),
    ],
)
def test_a_rule_that_does_not_prove_itself_stops_the_start(
    rules: Path, file: str, old: str, new: str, said: str
):
    change(rules / file, old, new)
    with pytest.raises(WafError, match=said):
        waf.load("modsecurity")


def test_off_and_a_missing_library_say_so(monkeypatch: pytest.MonkeyPatch, build: Build):
    assert waf.load("off").name == "off"
    monkeypatch.setattr(loading, "places", lambda: iter([("libnowhere.so.3", "the system's")]))
    missing = waf.load("modsecurity")
    assert (missing.name, missing.library, missing.rules) == ("off", "", ())
    assert missing.rule_set.startswith(
        "the system's libmodsecurity is not there; install libmodsecurity3 (Debian"
    )
    site = build()
    assert site.client().get("/history?month=1'%20UNION%20SELECT%201").status_code == 400
    page = site.signed_in().client.get("/panel/cards/waf").get_data(as_text=True)
    assert "Requests are not inspected" in page


def test_the_card_names_the_library(site: Site):
    page = site.signed_in().client.get("/panel/cards/waf").get_data(as_text=True)
    engine = site.portal.guard.inspection.engine
    assert engine.library.startswith("libmodsecurity 3.")
    assert html.escape(engine.library, quote=False).replace("'", "&#39;") in page


def test_the_core_rule_set_detects_and_refuses_only_when_told(tmp_path: Path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "crs-setup.conf").write_text("# set up\n")
    (tmp_path / "rules" / "one.conf").write_text(
        'SecRule ARGS "@streq marked" "id:942999,phase:2,deny,status:403,msg:\'marked\'"\n'
    )
    detecting = waf.load("modsecurity", crs=tmp_path)
    blocking = waf.load("modsecurity", crs=tmp_path, crs_blocks=True)
    form = {"content-type": "application/x-www-form-urlencoded", "content-length": "8"}
    marked = asked("POST", body=b"q=marked", **form)
    assert detecting.inspect(marked) is None
    assert blocking.inspect(marked) == Refusal(403, "crs")
    # Its rules on parameters are of phase 2, which requests without a body reach too.
    assert blocking.inspect(asked(query="q=marked")) == Refusal(403, "crs")
    assert blocking.inspect(asked(query="q=marked", is_anonymous=False)) is None
    signed_in = asked("POST", body=b"q=marked", is_anonymous=False, **form)
    assert blocking.inspect(signed_in) is None
    assert "detecting only" in detecting.rule_set
    with pytest.raises(WafError, match="PORTAL_WAF_CRS"):
        waf.load("modsecurity", crs=tmp_path / "nowhere")


def test_an_engine_that_fails_lets_reads_through_and_no_writes(
    site: Site, monkeypatch: pytest.MonkeyPatch
):
    def fail(_: Inspected) -> None:
        raise WafError("broken")

    monkeypatch.setattr(site.portal.guard.inspection.engine, "inspect", fail)
    client = site.client()
    assert client.get("/panel/login").status_code == 200
    refused = client.post("/panel/login", data={"name": "a", "password": "b"})
    assert refused.status_code == 503
    assert refused.get_json()["reference"]
    assert site.figure("gigvora_waf_errors_total") == 2
