"""What is refused before the WAF's engine: too many fields, operators as names, great length."""

import pytest

from portal.guard.waf import Inspected, Refusal, requests
from portal.guard.waf.modsecurity import MOST_FIELDS
from tests.guard.waf_library import Library, make, request

pytestmark = pytest.mark.unit


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
            {
                "body": b"a&b&c",
                "user_agent": "x",
                "content_type": "application/x-www-form-urlencoded",
            },
            3,
        ),
        ({"body": b"a&b&c", "user_agent": "application/x-www-form-urlencoded"}, 1),
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
        ('{"$where": 1}'.encode("utf-16"), "/api/x", False, "nor does it read but UTF-8"),
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
