"""What must be true of an HTTP answer: status, text, headers, and values in its JSON."""

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Protocol

from pydantic import AfterValidator, StringConstraints

from portal.monitors.looks import FailedError
from portal.schemas import Camel

_RANGE = re.compile(r"([1-5]\d\d)(?:-([1-5]\d\d))?")
_STEP = re.compile(r"\.?([A-Za-z_][\w-]*)|\[(-?\d{1,6})\]|\[\"([^\"]+)\"\]")


def ranges(text: str) -> list[tuple[int, int]]:
    """Codes and ranges of codes: `200-299, 301`."""
    found = []
    for part in text.split(","):
        match = _RANGE.fullmatch(part.strip())
        if match is None:
            raise ValueError("Write codes and ranges such as 200-299, 301.")
        found.append((int(match[1]), int(match[2] or match[1])))
    return found


def _ranges(text: str) -> str:
    ranges(text)
    return text


StatusRanges = Annotated[str, StringConstraints(max_length=100), AfterValidator(_ranges)]


class Operator(StrEnum):
    """How a value is held against another."""

    EQUALS = "=="
    DIFFERS = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    CONTAINS = "contains"
    MATCHES = "matches"
    EXISTS = "exists"


def steps(path: str) -> list[str | int]:
    """A path into JSON: `$.checks[0].status`, `status`, `$["a b"]`."""
    rest, found = path.strip().removeprefix("$"), list[str | int]()
    position = 0
    while position < len(rest):
        match = _STEP.match(rest, position)
        if match is None:
            raise ValueError("Write a path such as $.checks[0].status.")
        found.append(int(match[2]) if match[2] is not None else match[1] or match[3])
        position = match.end()
    return found


def _path(path: str) -> str:
    steps(path)
    return path


class Assertion(Camel):
    """A value in the JSON of an answer, and what it must be."""

    path: Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_path)]
    operator: Operator = Operator.EQUALS
    value: Annotated[str, StringConstraints(max_length=500)] = ""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer as far as it was read; names of headers are in lower case."""

    status: int
    reason: str
    version: str
    headers: dict[str, str]
    body: bytes

    @cached_property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


class Expected(Protocol):
    """What is expected of an answer."""

    expected_status: str
    text_present: str
    text_absent: str
    expected_headers: dict[str, str]
    assertions: list[Assertion]


def check(answer: Answer, expected: Expected) -> None:
    """FailedError with the first thing that is not as it should be."""
    if not any(low <= answer.status <= high for low, high in ranges(expected.expected_status)):
        raise FailedError(f"{answer.status} {answer.reason}".strip())
    for name, value in expected.expected_headers.items():
        found = answer.headers.get(name.lower())
        if found is None or value not in found:
            raise FailedError(f"The header {name} is {found or 'not there'}")
    if expected.text_present and expected.text_present not in answer.text:
        raise FailedError(f"“{expected.text_present}” is not in the answer")
    if expected.text_absent and expected.text_absent in answer.text:
        raise FailedError(f"“{expected.text_absent}” is in the answer")
    if expected.assertions:
        try:
            document = json.loads(answer.text)
        except (ValueError, RecursionError):
            raise FailedError("The answer is no JSON") from None
        for one in expected.assertions:
            _hold(document, one)


_MISSING = object()


def _hold(document: Any, one: Assertion) -> None:
    found = _found(document, steps(one.path))
    if one.operator is Operator.EXISTS:
        wants = one.value.strip().lower() not in {"false", "no"}
        if (found is not _MISSING) is not wants:
            raise FailedError(f"{one.path} is {'missing' if wants else 'there'}")
        return
    if found is _MISSING:
        raise FailedError(f"{one.path} is missing")
    if not _compares(found, one.operator, one.value):
        raise FailedError(f"{one.path} is {_shown(found)}, expected {one.operator} {one.value}")


def _found(document: Any, path: list[str | int]) -> Any:
    for step in path:
        try:
            document = document[step]
        except (KeyError, IndexError, TypeError):
            return _MISSING
    return document


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _compares(found: Any, operator: Operator, wanted: str) -> bool:
    text = found if isinstance(found, str) else json.dumps(found)
    if operator is Operator.CONTAINS:
        return wanted in [str(one) for one in found] if isinstance(found, list) else wanted in text
    if operator is Operator.MATCHES:
        return fullmatch(wanted, text)
    numbers = _numbers(found, wanted)
    if operator in (Operator.EQUALS, Operator.DIFFERS):
        is_equal = numbers[0] == numbers[1] if numbers else text == wanted
        return is_equal is (operator is Operator.EQUALS)
    if numbers is None:
        return False
    left, right = numbers
    return {
        Operator.LESS: left < right,
        Operator.AT_MOST: left <= right,
        Operator.MORE: left > right,
        Operator.AT_LEAST: left >= right,
    }[operator]


def fullmatch(pattern: str, text: str) -> bool:
    """Shell patterns, `*` and `?`: a regular expression could be made to take for ever."""
    import fnmatch

    return fnmatch.fnmatchcase(text, pattern)


def _numbers(found: Any, wanted: str) -> tuple[float, float] | None:
    if isinstance(found, bool):
        return None
    try:
        return float(found), float(wanted)
    except (TypeError, ValueError, OverflowError):
        return None
