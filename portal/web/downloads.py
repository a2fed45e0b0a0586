"""The export of a snapshot as an attachment."""

from flask import Response

from portal import web
from portal.runtime import exports
from portal.web.problems import Problem

_TYPES = {"json": "application/json", "csv": "text/csv; charset=utf-8"}


def snapshot(wanted: str, *, actor: str) -> Response:
    """Problem 400 for an unknown format."""
    if wanted not in exports.FORMATS:
        raise Problem(400, f"The format must be one of {', '.join(exports.FORMATS)}.")
    if web.changes_nothing():
        return Response(content_type=_TYPES[wanted])
    portal = web.current()
    taken, body, digest = exports.export(
        portal.overview, portal.core.audit_log, wanted, actor=actor
    )
    response = Response(body, content_type=_TYPES[wanted])
    response.headers["Content-Disposition"] = (
        f'attachment; filename="snapshot-{taken.generated_at:%Y%m%dT%H%M%SZ}.{wanted}"'
    )
    response.headers["X-Snapshot-Id"] = taken.id
    response.headers["X-Snapshot-SHA256"] = digest
    response.headers["Cache-Control"] = "no-store"
    return response
