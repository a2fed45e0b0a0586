"""What must be true of an HTTP answer."""

import json

import pytest

from portal.monitors.kinds import answers
from portal.monitors.kinds.answers import Answer, Assertion
from portal.monitors.kinds.http import HttpConfig
from portal.monitors.looks import FailedError

DOCUMENT = {"status": "ok", "queue": 12, "checks": [{"name": "db", "up": True}], "a b": None}

IS_B = {"path": "a", "value": "b"}


def answer(status: int = 200, body: object = DOCUMENT, **headers: str) -> Answer:
    text = body if isinstance(body, str) else json.dumps(body)
    return Answer(status, "Reason", "HTTP/1.1", headers, text.encode())


def expect(**values: object) -> HttpConfig:
    return HttpConfig(url="https://example.org/", **values)


@pytest.mark.parametrize(
    ("path", "operator", "value", "holds"),
    [
        ("$.status", "==", "ok", True),
        ("status", "==", "ok", True),
        ("$.status", "!=", "ok", False),
        ("$.queue", "<", "13", True),
        ("$.queue", "<=", "12", True),
        ("$.queue", ">", "12", False),
        ("$.queue", ">=", "12.0", True),
        ("$.queue", "==", "12.0", True),
        ("$.checks[0].up", "==", "true", True),
        ("$.checks[-1].name", "==", "db", True),
        ("$.checks[1].name", "==", "db", False),
        ("$.checks", "contains", "db", False),
        ("$.status", "contains", "k", True),
        ("$.status", "matches", "o?", True),
        ("$.status", "matches", "x*", False),
        ('$["a b"]', "exists", "", True),
        ('$["a b"]', "==", "null", True),
        ("$.missing", "exists", "", False),
        ("$.missing", "exists", "false", True),
        ("$.missing", "==", "x", False),
        ("$.status", "<", "5", False),
        ("$.status.deeper", "exists", "", False),
    ],
)
def test_a_value_in_json(path: str, operator: str, value: str, holds: bool):
    wanted = expect(assertions=[{"path": path, "operator": operator, "value": value}])
    if holds:
        answers.check(answer(), wanted)
    else:
        with pytest.raises(FailedError):
            answers.check(answer(), wanted)


@pytest.mark.parametrize(
    ("wanted", "given", "said"),
    [
        ({"expectedStatus": "200-299"}, answer(503), "503 Reason"),
        ({"expectedStatus": "500"}, answer(200), "200 Reason"),
        ({"textPresent": "welcome"}, answer(body="hello"), "“welcome” is not in the answer"),
        ({"textAbsent": "hell"}, answer(body="hello"), "“hell” is in the answer"),
        ({"expectedHeaders": {"X-A": "b"}}, answer(), "The header X-A is not there"),
        ({"expectedHeaders": {"X-A": "b"}}, answer(**{"x-a": "c"}), "The header X-A is c"),
        ({"assertions": [{"path": "$.a"}]}, answer(body="<p>"), "The answer is no JSON"),
        ({"assertions": [{"path": "a", "operator": "exists"}]}, answer(body="{}"), "a is missing"),
        (
            {"assertions": [{"path": "a", "operator": "exists", "value": "no"}]},
            answer(body='{"a": 0}'),
            "a is there",
        ),
        ({"assertions": [IS_B]}, answer(body="{}"), "a is missing"),
        ({"assertions": [IS_B]}, answer(body='{"a": [1]}'), r"a is \[1\], expected == b"),
        (
            {"assertions": [IS_B]},
            answer(body=f'{{"a": "{"x" * 60}"}}'),
            f"a is {'x' * 60}, expected == b",
        ),
        (
            {"assertions": [IS_B]},
            answer(body=f'{{"a": "{"x" * 61}"}}'),
            f"a is {'x' * 57}…, expected == b",
        ),
        ({"assertions": [{"path": "$.a"}]}, answer(body="[" * 100_000), "The answer is no JSON"),
    ],
)
def test_what_is_not_as_it_should_be(wanted: dict[str, object], given: Answer, said: str):
    with pytest.raises(FailedError, match=f"^{said}$".replace("“", ".").replace("”", ".")):
        answers.check(given, expect(**wanted))


@pytest.mark.parametrize("path", ["$..", "a[", "a[x]", "$.a b", "a]"])
def test_a_path_that_is_none(path: str):
    with pytest.raises(ValueError, match="Write a path"):
        Assertion(path=path)


@pytest.mark.parametrize("text", ["", "99", "600", "200-", "2xx", "200..299"])
def test_ranges_that_are_none(text: str):
    with pytest.raises(ValueError, match="Write codes and ranges"):
        answers.ranges(text)


@pytest.mark.parametrize("operator", ["==", "<", ">="])
def test_a_number_beyond_all_numbers_fails_what_is_expected(operator: str):
    given = answer(body={"n": 10**400})
    wanted = expect(assertions=[{"path": "n", "operator": operator, "value": "1"}])
    with pytest.raises(FailedError, match="n is 1000"):
        answers.check(given, wanted)
