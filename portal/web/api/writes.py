"""What every write of the admin API shares: `If-Match`, `Idempotency-Key`, the answer's ETag."""

import re
from collections.abc import Callable
from typing import Any

from flask import Response, g, jsonify, request
from pydantic import BaseModel

from portal.store import idempotency
from portal.store.idempotency import IdempotencyKey, StoredResponse
from portal.unit_of_work import By
from portal.web import access, current
from portal.web.problems import Problem

_TAG = re.compile(r'^(?:W/)?"(\d{1,9})"$')


def by(key: IdempotencyKey | None = None) -> By:
    """Whose act the request is, from which version, and under which key."""
    return By(access.caller().actor, _wanted_version(), key)


def shown(out: BaseModel, version: int, *, status: int = 200) -> Response:
    """An answer with its version as ETag."""
    return _tagged(out.model_dump(mode="json", by_alias=True), version, status)


def write(
    act: Callable[[By], Any], show: Callable[[Any], BaseModel], *, status: int = 200
) -> Response:
    """Do the act and show its row; a repeated Idempotency-Key gets the stored response."""
    g.show = lambda row: show(row).model_dump(mode="json", by_alias=True)
    key = _key(g.show)
    done = idempotency.once(current().core.open_session, key, lambda: act(by(key)))
    if isinstance(done, StoredResponse):
        return _tagged(done.body, done.version, status)
    return shown(show(done), done.version, status=status)


def _wanted_version() -> int | None:
    """The version in `If-Match`; None without one or with `*`."""
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    match = _TAG.match(header.strip())
    if match is None:
        raise Problem(400, 'If-Match must be the ETag of an earlier answer, for instance "3".')
    return int(match.group(1))


def _key(render: Callable[[Any], dict[str, Any]]) -> IdempotencyKey | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 1 <= len(key) <= 200:
        raise Problem(400, "An Idempotency-Key must have 1 to 200 characters.")
    told = f"{request.method} {request.path}\n".encode() + request.get_data()
    return IdempotencyKey(f"{access.caller().actor} {key}", told, render)


def _tagged(body: dict[str, Any], version: int, status: int) -> Response:
    response = jsonify(body)
    response.status_code = status
    response.headers["ETag"] = f'"{version}"'
    return response
