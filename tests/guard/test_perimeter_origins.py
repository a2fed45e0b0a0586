"""Which origins may ask, how they are spelled, and what any page may read."""

import pytest

from portal.guard.origins import Origins, check_pattern, normalise
from tests.guard.perimeters import PAGE, SECONDS, block, judge, make

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("origin", "path", "method", "is_let_in", "why"),
    [
        (None, "/panel", "POST", True, "no browser's script"),
        ("", "/panel", "POST", True, "nothing is said"),
        (PAGE, "/panel", "POST", True, "it is on the list"),
        (PAGE.upper(), "/panel", "POST", True, "however it is spelled"),
        ("https://status.example.com", "/panel", "POST", True, "the page's own"),
        ("https://evil.example", "/panel", "POST", False, "it is not"),
        ("https://evil.example", "/", "GET", True, "what is public may be read by any page"),
        ("https://evil.example", "/", "POST", False, "but not written"),
        ("null", "/panel", "POST", False, "on no list"),
    ],
)
def test_which_origins_may_ask(origin, path, method, is_let_in, why):
    found = judge(make(), origin=origin, path=path, method=method)
    assert (found is None) is is_let_in, why
    if found is not None:
        assert (found.held, found.origin) == (None, origin)
        assert found.retry_after(SECONDS) is None


def test_a_blocked_origin_is_told_with_its_block():
    found = judge(make(block("origin", PAGE)), origin=PAGE.upper(), path="/", method="GET")
    assert found is not None
    assert found.held is not None
    assert (found.held.id, found.origin) == (PAGE, PAGE.upper())


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://a.example:443", "https://a.example"),
        ("https://a.example:80", "https://a.example:80"),
        ("http://a.example:80/", "http://a.example"),
        ("http://a.example:1", "http://a.example:1"),
        ("http://a.example:65535", "http://a.example:65535"),
        ("http://a.example:65536", None),
        ("http://a.example:0", None),
        ("http://[2001:db8::1]:8080", "http://[2001:db8::1]:8080"),
        ("null", None),
    ],
)
def test_an_origin_has_one_spelling(text, origin):
    assert normalise(text) == origin


@pytest.mark.parametrize(
    ("pattern", "origin", "is_let_in"),
    [
        ("https://*.example.com", "https://a.example.com", True),
        ("https://*.example.com", "https://a.b.example.com", True),
        ("https://*.example.com", "https://example.com", False),
        ("https://*.example.com", "https://.example.com", False),
        ("https://*.example.com", "http://a.example.com", False),
        ("https://*.example.com", "https://a.example.com.evil", False),
        ("https://a.example.com", "https://a.example.com", True),
        ("https://a.example.com", "https://b.example.com", False),
    ],
)
def test_a_star_stands_for_subdomains(pattern, origin, is_let_in):
    origins = Origins(
        (check_pattern(pattern),), own="https://own.example", public=frozenset(), public_cors=""
    )
    ask = {"host": "h", "path": "/x", "method": "POST"}
    assert origins.allows(origin, **ask) is is_let_in
    assert origins.allows("https://own.example", **ask)
    none = Origins((), own="", public=frozenset(), public_cors="")
    assert not none.allows(origin, **ask)
    assert none.allows("http://h:80", **ask | {"host": "H:80"})


@pytest.mark.parametrize(
    ("cors", "method", "is_let_in"),
    [
        ("*", "GET", True),
        ("*", "HEAD", True),
        ("*", "OPTIONS", True),
        ("*", "POST", False),
        (PAGE, "GET", False),
        ("https://evil.example", "GET", True),
        ("", "GET", False),
    ],
)
def test_what_is_public_may_be_read_as_the_setting_says(cors, method, is_let_in):
    origins = Origins((), own="", public=frozenset({"/"}), public_cors=cors)
    ask = {"host": "h", "method": method}
    assert origins.allows("https://evil.example", path="/", **ask) is is_let_in
    assert not origins.allows("https://evil.example", path="/panel", **ask)
