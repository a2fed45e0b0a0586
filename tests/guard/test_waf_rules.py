"""What the WAF decides around its engine: fields, headers, names in JSON, memory, proofs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from portal.guard import waf
from portal.guard.waf import Inspected, Refusal, WafError, modsecurity, requests, rules
from portal.guard.waf.library import Intervention
from portal.guard.waf.modsecurity import MOST_FIELDS, MOST_REMEMBERED, ModSecurity

pytestmark = pytest.mark.unit
TEXT = """
SecRule A "id:999,msg:'not.one'"
SecRule A "id:1000,msg:'sql.union'"
"""
PROOFS = [{"id": 1000, "refuse": "GET /?bad", "pass": "GET /?good"}]


@dataclass
class Seen:
    """What was shown to the rules."""

    address: str
    method: str
    target: str
    headers: dict[str, str]
    body: bytes | None

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]


class Library:
    """An engine that refuses what a test says, in the words of libmodsecurity."""

    name = "libmodsecurity 3"

    def __init__(self) -> None:
        self.asked: list[Seen] = []
        self.refuse: Callable[[Seen], int | None] = lambda seen: (
            1000 if seen.query == "bad" else None
        )
        self.is_disruptive, self.status = True, 403

    def rules(self, text: str) -> "Library":
        return self

    def judge(self, *, headers: Iterable[tuple[str, str]], **values: Any) -> Intervention | None:
        seen = Seen(headers=dict(headers), **values)
        self.asked.append(seen)
        number = self.refuse(seen)
        if number is None:
            return None
        log = f'[line "1"] [id "{number}"]' if number else ""
        return Intervention(self.status, log, self.is_disruptive)


@pytest.fixture
def library() -> Library:
    return Library()


def make(library: Library, *, text: str = TEXT, proofs: Any = None, **values: Any) -> ModSecurity:
    return ModSecurity(
        library,
        text,
        PROOFS if proofs is None else proofs,
        **{"crs": "", "crs_blocks": False, **values},
    )


def request(
    query: str = "",
    *,
    path: str = "/x",
    body: bytes = b"",
    method: str = "GET",
    is_anonymous: bool = True,
    **headers: str,
) -> Inspected:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Inspected(method, path, query, named, body, "192.0.2.1", is_anonymous)


def test_what_the_engine_refuses_is_named(library: Library):
    one = make(library)
    assert one.inspect(request("good")) is None
    assert one.inspect(request("bad")) == Refusal(403, "sql.union")
    own = ("http.fields", "http.header", "http.length", "http.smuggling", "nosql.operator")
    assert one.rules == (*own, "sql.union")
    assert (one.rule_set, one.library) == ("1 rules", "libmodsecurity 3")
    assert make(library, because="no better").library == "libmodsecurity 3 (no better)"
    library.refuse = lambda seen: 77
    assert one.inspect(request("other")) == Refusal(403, "http.smuggling")
    library.refuse = lambda seen: 0
    assert one.inspect(request("another")) == Refusal(403, "http.smuggling")
    library.is_disruptive = False
    assert one.inspect(request("a third")) is None


def test_what_the_engine_is_shown(library: Library):
    one = make(library)
    asked = request("a=1", path="/ä b", x_portal_anonymous="0", user_agent="ua", cookie="c")
    one.inspect(asked)
    seen = library.asked[-1]
    assert (seen.target, seen.method, seen.address) == ("/%C3%A4%20b?a=1", "GET", "192.0.2.1")
    assert seen.headers == {"user-agent": "ua", "x-portal-anonymous": "1"}
    one.inspect(request(is_anonymous=False))
    assert library.asked[-1].headers == {"x-portal-anonymous": "0"}
    assert library.asked[-1].target == "/x"


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({}, 1),
        ({"query": "a=1&b=2"}, 2),
        ({"body": b"a&b&c"}, 1),
        ({"body": b"a&b&c", "content_type": "application/x-www-form-urlencoded"}, 3),
        ({"body": b"a&b&c", "content_type": "application/x-www-form-urlencoded; charset=x"}, 3),
        ({"body": b"a&b&c", "content_type": "text/plain"}, 1),
        (
            {"query": "a&b&c&d", "body": b"a", "content_type": "application/x-www-form-urlencoded"},
            4,
        ),
    ],
)
def test_fields_are_counted(values, fields):
    assert requests.fields(request(**values)) == fields


def test_too_many_fields_are_refused_before_the_engine(library: Library):
    one = make(library)
    asked = len(library.asked)
    assert one.inspect(request("&" * MOST_FIELDS)) == Refusal(400, "http.fields")
    assert len(library.asked) == asked
    assert one.inspect(request("&" * (MOST_FIELDS - 1))) is None


@pytest.mark.parametrize(
    ("name", "value", "is_plain"),
    [
        ("a", "b", True),
        ("a", "ä", True),
        ("ä", "b", True),
        ("ш", "b", False),
        ("a", "\udc80", False),
    ],
)
def test_headers_that_native_code_can_take(library: Library, name, value, is_plain):
    asked = Inspected("GET", "/", "", ((name, value),), b"", "", True)
    assert requests.is_plain(asked.headers) is is_plain
    assert make(library).inspect(asked) == (None if is_plain else Refusal(400, "http.header"))


@pytest.mark.parametrize(
    ("body", "path", "is_found", "why"),
    [
        (b'{"$where": 1}', "/api/x", True, "a name with a sign"),
        (b'{"\\u0024where": 1}', "/api/x", True, "however it is spelled"),
        (b'{"a": [{"b": {"$gt": 1}}]}', "/api/x", True, "however deep"),
        (b'[[{"$gt": 1}]]', "/api/x", True, "in lists"),
        (b'{"a": "$where"}', "/api/x", False, "a value is prose"),
        (b'{"a": ["$x"], "b": 1}', "/api/x", False, "so is one in a list"),
        (b'{"a$b": "$"}', "/api/x", False, "a sign within a name"),
        (b'{"$where": 1}', "/panel", False, "nothing reads JSON there"),
        (b'{"$where": ', "/api/x", False, "the API answers what it cannot read"),
        (b'"$"', "/api/x", False, "no names at all"),
        (b"", "/api/x", False, "nothing"),
    ],
)
def test_names_that_are_operators(body, path, is_found, why):
    asked = request(path=path, body=body)
    assert requests.has_operator_names(asked) is is_found, why


def test_names_that_are_operators_are_refused(library: Library):
    asked = request(path="/api/x", body=b'{"$where": 1}')
    assert make(library).inspect(asked) == Refusal(400, "nosql.operator")


@pytest.mark.parametrize(
    ("first", "second", "is_same", "why"),
    [
        ({}, {}, True, "the same"),
        ({}, {"path": "/y"}, False, "another path"),
        ({}, {"query": "a"}, False, "another query"),
        ({}, {"method": "POST"}, False, "another method"),
        ({}, {"is_anonymous": False}, False, "somebody else"),
        ({}, {"body": b"x"}, True, "no rule sees a body"),
        ({}, {"accept": "x"}, True, "nor this header"),
        ({"user_agent": "a"}, {"user_agent": "b"}, False, "but this one"),
        ({"content_length": "1"}, {"content_length": "2"}, True, "a length is there or not"),
        ({"content_length": "1"}, {}, False, "as here"),
        ({"x_forwarded_for": "192.0.2.1"}, {"x_forwarded_for": "192.0.2.2"}, True, "addresses"),
        ({"x_forwarded_for": "192.0.2.1"}, {}, True, "hold nothing that matches"),
        ({"x_forwarded_for": "<x>"}, {}, False, "other words do"),
    ],
)
def test_what_was_clean_once_is_not_asked_again(library: Library, first, second, is_same, why):
    one = make(library)
    one.inspect(request(**first))
    asked = len(library.asked)
    one.inspect(request(**second))
    assert (len(library.asked) == asked) is is_same, why


def test_what_was_refused_is_asked_again(library: Library):
    one = make(library)
    for _ in range(2):
        assert one.inspect(request("bad")) is not None
    assert one._clean == set()


def test_memory_of_clean_requests_is_bounded(library: Library, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(modsecurity, "MOST_REMEMBERED", 2)
    one = make(library)
    for name in ("a", "b"):
        one.inspect(request(name))
    assert len(one._clean) == 2
    one.inspect(request("c"))
    assert len(one._clean) == 1
    most = modsecurity.MOST_REMEMBERED_CHARACTERS - len("GET/x")
    one.inspect(request("q" * most))
    assert len(one._clean) == 2
    one.inspect(request("q" * (most + 1)))
    assert len(one._clean) == 2
    assert MOST_REMEMBERED > 2


def test_an_engine_that_breaks_cannot_tell(library: Library):
    one = make(library)

    def broken(_: Any) -> None:
        raise RuntimeError("native")

    library.refuse = broken
    with pytest.raises(WafError, match="RuntimeError: native"):
        one.inspect(request())


@pytest.mark.parametrize(
    ("blocks", "anonymous", "body", "refusal", "sees_body"),
    [
        (True, True, b"evil", Refusal(403, "crs"), True),
        (False, True, b"evil", None, True),
        (True, False, b"evil", None, False),
        (True, True, b"fine", None, True),
        (True, True, b"", None, True),
    ],
)
def test_the_core_rule_set_sees_bodies_of_strangers(
    library: Library, blocks, anonymous, body, refusal, sees_body
):
    one = make(library, crs="Include x", crs_blocks=blocks)
    assert "crs" in one.rules
    assert one.rule_set == "1 rules and the CRS" + ("" if blocks else ", detecting only")
    library.refuse = lambda seen: 942100 if seen.body == b"evil" else None
    assert one.inspect(request(body=body, is_anonymous=anonymous)) == refusal
    assert library.asked[-1].body == (body if sees_body else None)


@pytest.mark.parametrize(
    ("text", "proofs", "reason"),
    [
        (TEXT + TEXT, PROOFS, "1000 is there twice"),
        ('SecRule A "id:1001,phase:1"', PROOFS, "1001 has no name"),
        (TEXT, [], "1000 .sql.union. has no proof"),
        (TEXT, [{**PROOFS[0], "refuse": "GET /?good"}], "does not refuse"),
        (TEXT, [{**PROOFS[0], "pass": "GET /?bad"}], "does not pass"),
        (TEXT, [*PROOFS, {**PROOFS[0], "id": 1002}], "1002 .unknown. does not refuse"),
    ],
)
def test_rules_prove_themselves(library: Library, text, proofs, reason):
    with pytest.raises(WafError, match=reason):
        make(library, text=text, proofs=proofs)


@pytest.mark.parametrize(
    ("values", "is_too_long"),
    [
        ({"query": "a=" + "b" * 4096 + "&" + "c" * 2000}, False),
        ({"query": "a=" + "b" * 4097}, True),
        ({"query": "b" * 4097 + "=a"}, True),
        ({"path": "/" + "a" * 4095}, False),
        ({"path": "/" + "a" * 4096}, True),
        ({"referer": "a" * 4096}, False),
        ({"referer": "a" * 4097}, True),
        ({"cookie": "a" * 8000}, False),
    ],
)
def test_what_is_too_long_is_refused_before_the_engine(library: Library, values, is_too_long):
    one = make(library)
    asked = len(library.asked)
    found = one.inspect(request(**values))
    assert found == (Refusal(400, "http.length") if is_too_long else None)
    assert (len(library.asked) == asked) is is_too_long


def test_a_proof_may_have_headers(library: Library):
    library.refuse = lambda seen: 1000 if seen.headers.get("referer") == "bad" else None
    proof = {
        "id": 1000,
        "refuse": "POST /a%20b?q",
        "refuseHeaders": {"referer": "bad"},
        "pass": "GET /",
        "passHeaders": {"referer": "good"},
    }
    make(library, proofs=[proof])
    assert library.asked[-2].target == "/a%20b?q"
    assert library.asked[-2].headers["referer"] == "bad"


def test_off_says_why_and_looks_at_nothing():
    off = waf.load("off")
    assert (off.name, off.rule_set, off.inspect(request("bad"))) == ("off", "switched off", None)


@pytest.mark.parametrize("setup", ["crs-setup.conf", "crs-setup.conf.example", None])
def test_where_the_core_rule_set_is(tmp_path: Path, setup: str | None):
    if setup is None:
        with pytest.raises(WafError, match=r"no crs-setup\.conf"):
            rules.crs_text(tmp_path)
        return
    (tmp_path / setup).write_text("")
    with pytest.raises(WafError, match=r"no crs-setup\.conf"):
        rules.crs_text(tmp_path)
    (tmp_path / "rules").mkdir()
    for name in ("b.conf", "a.conf", "c.data"):
        (tmp_path / "rules" / name).write_text("")
    lines = rules.crs_text(tmp_path).splitlines()
    assert lines[0] == "SecRuleEngine On"
    assert [Path(line.split('"')[1]).name for line in lines[3:]] == [setup, "a.conf", "b.conf"]


@pytest.mark.parametrize(
    ("query", "length", "why"),
    [
        ("a=b", 3, "a short query counts as a whole"),
        ("a=" + "x" * 998, 1000, "up to a thousand characters"),
        ("a=" + "x" * 999, 999, "of a longer one the longest part counts"),
        ("&".join(["a=" + "x" * 99] * 30), 99, "and not all of them"),
    ],
)
def test_how_long_the_longest_part_is(query: str, length: int, why: str):
    asked = Inspected("GET", "/", query, (), b"", "192.0.2.1", is_anonymous=True)
    assert requests.longest(asked) == length, why


def test_the_longest_part_may_be_a_path_or_a_header_that_rules_see():
    headers = (("user-agent", "u" * 40), ("x-other", "o" * 99))
    for path, length in (("/" + "p" * 50, 51), ("/", 40)):
        asked = Inspected("GET", path, "q", headers, b"", "192.0.2.1", is_anonymous=True)
        assert requests.longest(asked) == length
