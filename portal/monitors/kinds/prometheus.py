"""Prometheus: a query whose value must keep to a condition."""

import json
import math
import re
from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import AfterValidator, StringConstraints

from portal.monitors.kinds.base import MOST_BYTES, Short, Task, UrlConfig
from portal.monitors.kinds.http import Url, secrets_of
from portal.monitors.looks import CannotLookError, FailedError

_CONDITION = re.compile(r"\s*(<=|>=|==|!=|<|>)\s*(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*")


def split(condition: str) -> tuple[str, float]:
    """`< 500` as its operator and its number."""
    match = _CONDITION.fullmatch(condition)
    if match is None:
        raise ValueError("Write a condition such as < 500 or >= 0.99.")
    return match[1], float(match[2])


def _condition(text: str) -> str:
    split(text)
    return text


class PrometheusConfig(UrlConfig):
    url: Url
    query: Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\x00]*$")]
    condition: Annotated[str, StringConstraints(max_length=60), AfterValidator(_condition)]
    username: Short = ""
    verify_tls: bool = True

    @property
    def target(self) -> str:
        query = self.query if len(self.query) <= 60 else f"{self.query[:57]}…"
        return f"{query} {self.condition}"


async def look(config: PrometheusConfig, task: Task) -> str:
    """Ask; every series must keep to the condition, and there must be one.

    A Prometheus that does not answer is no fault of what it measures: then nothing is known.
    """
    from portal.monitors.kinds import exchange

    body = urlencode({"query": config.query, "timeout": f"{task.timeout_seconds}s"}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept-Encoding": "identity"}
    try:
        answer = await exchange.ask(
            task,
            "POST",
            f"{config.url.rstrip('/')}/api/v1/query",
            headers | secrets_of(config.username, task.credentials),
            body,
            verify=config.verify_tls,
            http2=False,
            most_bytes=MOST_BYTES,
        )
    except FailedError as error:
        raise CannotLookError(f"Prometheus: {error}") from None
    task.trace.status = str(answer.status)
    task.trace.say(answer.text[:500])
    values = _values(answer.status, answer.text)
    if not values:
        raise CannotLookError("The query gives no series")
    operator, limit = split(config.condition)
    for value in values:
        if not holds(value, operator, limit):
            raise FailedError(f"{value:g}, expected {config.condition.strip()}")
    return f"{values[0]:g}" if len(values) == 1 else f"{len(values)} series keep to it"


def _values(status: int, text: str) -> list[float]:
    try:
        document = json.loads(text)
        if document["status"] != "success":
            raise CannotLookError(f"Prometheus: {str(document.get('error', status))[:150]}")
        data = document["data"]
        found: list[Any] = data["result"]
        if data["resultType"] == "scalar":
            return [float(found[1])]
        return [float(one["value"][1]) for one in found]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        raise CannotLookError(f"Prometheus: {status}, and no answer to a query") from None


def holds(value: float, operator: str, limit: float) -> bool:
    """Whether a value keeps to a condition; what is no number keeps to none."""
    if math.isnan(value):
        return False
    return {
        "<": value < limit,
        "<=": value <= limit,
        ">": value > limit,
        ">=": value >= limit,
        "==": value == limit,
        "!=": value != limit,
    }[operator]
