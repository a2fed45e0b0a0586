"""Questions about a request that need no pattern engine."""

import json
import re

from portal.guard.waf.engine import Inspected

# The headers that a rule of ours looks at; portal.conf names no other.
_BY_VALUE = frozenset(
    {"user-agent", "referer", "x-forwarded-for", "x-api-version", "transfer-encoding"}
)
SEEN = _BY_VALUE | {"content-length"}
_PLAIN_FORWARDED = re.compile(r"[0-9a-fA-F.:, ]*")


def what_rules_see(request: Inspected) -> tuple[object, ...]:
    """All that our rules depend on; two requests that agree in it get the same verdict."""
    seen: list[object] = [request.method, request.path, request.query, request.is_anonymous]
    for name, value in request.headers:
        if name == "content-length":
            seen.append(name)  # a rule asks whether it is there, not what it says
        elif name in _BY_VALUE:
            # Addresses differ with every client and can hold nothing that a rule matches.
            if name != "x-forwarded-for" or not _PLAIN_FORWARDED.fullmatch(value):
                seen += (name, value)
    return tuple(seen)


def fields(request: Inspected) -> int:
    """How many fields the query or the form has."""
    count = request.query.count("&") + 1
    kind = next((value for name, value in request.headers if name == "content-type"), "")
    if kind.startswith("application/x-www-form-urlencoded"):
        count = max(count, request.body.count(b"&") + 1)
    return count


def longest(request: Inspected) -> int:
    """How many characters the longest of the parts has that rules look at."""
    parts = [request.path, *(value for name, value in request.headers if name in SEEN)]
    # Most queries are short as a whole.
    parts += re.split("[&=]", request.query) if len(request.query) > 1000 else [request.query]
    return max(map(len, parts))


def has_nul(request: Inspected) -> bool:
    """Whether a text would end early for native code."""
    return "\0" in request.query or "\0" in request.method


def is_plain(headers: tuple[tuple[str, str], ...]) -> bool:
    """Whether every header can be handed to native code."""
    try:
        for name, value in headers:
            name.encode("latin-1")
            value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def has_operator_names(request: Inspected) -> bool:
    """Whether a JSON body has a name such as `$where`; values are prose and are left alone."""
    if b'"$' not in request.body and b'"\\u0024' not in request.body:
        return False
    if not request.path.startswith("/api/"):
        return False
    try:
        found = [json.loads(request.body)]
    except (ValueError, RecursionError):
        return False  # the API answers what it cannot read
    while found:
        one = found.pop()
        if isinstance(one, dict):
            if any(name.startswith("$") for name in one):
                return True
            found.extend(one.values())
        elif isinstance(one, list):
            found.extend(one)
    return False
