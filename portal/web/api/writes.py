"""What every write of the admin API shares: `If-Match`, `Idempotency-Key`, the answer's ETag."""

import re
from collections.abc import Callable
from typing import Any

from flask import Response, g, jsonify, request
from pydantic import BaseModel, Field
from sqlalchemy.exc import IntegrityError

from portal import web
from portal.status.registry import Once, Registry
from portal.status.terms import Camel
from portal.web import access
from portal.web.problems import Problem

_TAG = re.compile(r'^(?:W/)?"(\d{1,9})"$')
ERRORS = {
    400: "The request cannot be read",
    401: "No token, or one that is not known",
    403: "The token lacks the scope",
    404: "There is nothing of that reference",
    409: "Two requests came at once",
    412: "Someone else changed it; `current` is what it is now",
    413: "The body is too large",
    415: "The body is not JSON",
    422: "A field is not right",
    429: "Too many requests",
    503: "The database does not answer",
}


class PageQuery(Camel):
    """Paging of a list."""

    limit: int = Field(default=20, ge=1, le=100)
    offset: int = Field(default=0, ge=0, le=1_000_000)


def registry() -> Registry:
    found: Registry = web.current().status.registry
    return found


def wanted_version() -> int | None:
    """The version in `If-Match`; None without one or with `*`."""
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    match = _TAG.match(header.strip())
    if match is None:
        raise Problem(400, 'If-Match must be the ETag of an earlier answer, for instance "3".')
    return int(match.group(1))


def shown(out: BaseModel, version: int, *, status: int = 200) -> Response:
    """An answer with its version as ETag."""
    return _tagged(out.model_dump(mode="json", by_alias=True), version, status)


def write(
    act: Callable[[str, Once | None], Any], show: Callable[[Any], BaseModel], *, status: int = 200
) -> Response:
    """Do `act(actor, once)` and show its row; a repeated Idempotency-Key gets the kept answer."""
    g.show = lambda row: show(row).model_dump(mode="json", by_alias=True)
    actor = access.caller().actor
    key = request.headers.get("Idempotency-Key")
    if key is None:
        row = act(actor, None)
        return shown(show(row), row.version, status=status)
    if not 1 <= len(key) <= 200:
        raise Problem(400, "An Idempotency-Key has 1 to 200 characters.")
    name = f"{actor} {key}"
    told = f"{request.method} {request.path}\n".encode() + request.get_data()
    once = Once(name, told, g.show)
    kept = registry().kept_reply(name, told)
    if kept is None:
        try:
            row = act(actor, once)
        except IntegrityError:
            # The same key at the same time: the other one won, and its answer is this one's.
            kept = registry().kept_reply(name, told)
            if kept is None:
                raise
        else:
            return shown(show(row), row.version, status=status)
    return _tagged(kept.body, kept.version, status)


def _tagged(body: dict[str, Any], version: int, status: int) -> Response:
    response = jsonify(body)
    response.status_code = status
    response.headers["ETag"] = f'"{version}"'
    return response
