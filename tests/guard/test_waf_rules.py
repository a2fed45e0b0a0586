"""What the WAF decides around its engine: what it is shown, and what follows from its word."""

from typing import Any

import pytest

from portal.guard.waf import Inspected, Refusal, WafError, requests
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
