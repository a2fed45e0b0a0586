"""What the WAF decides around its engine: what it is shown, and what is refused before it."""

from typing import Any

import pytest

from portal.guard.waf import Inspected, Refusal, WafError, requests
from portal.guard.waf.modsecurity import MOST_FIELDS
from tests.guard.waf_library import Library, make, request

pytestmark = pytest.mark.unit


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
