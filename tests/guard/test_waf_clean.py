"""What was clean once is not asked again, up to a bound."""

import pytest

from portal.guard.waf import modsecurity
from portal.guard.waf.modsecurity import MOST_REMEMBERED
from tests.guard.waf_library import Library, make, request

pytestmark = pytest.mark.unit


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
