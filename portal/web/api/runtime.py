"""`/api/admin/runtime`: the snapshot, its export, and the audit log."""

from datetime import datetime
from typing import Any, Literal

from apiflask import APIBlueprint
from flask import Response, jsonify
from pydantic import Field

from portal import web
from portal.audit import search
from portal.lifecycle.phases import Phase
from portal.runtime.snapshot import Snapshot
from portal.schemas import Camel, Instant
from portal.web import access, downloads
from portal.web.api.pages import Page

blueprint = APIBlueprint("runtime_api", __name__, url_prefix="/api/admin/runtime", tag="Runtime")


class AuditQuery(Camel):
    """Filters of the log; `type` matches the beginning, `before` is the number of an event."""

    type: str | None = Field(default=None, max_length=60, pattern=r"^[^\x00]*$")
    actor: str | None = Field(default=None, max_length=120, pattern=r"^[^\x00]*$")
    since: Instant | None = None
    before: int | None = Field(default=None, ge=1, le=2**53)
    limit: int = Field(default=50, ge=1, le=200)
    offset: int = Field(default=0, ge=0, le=1_000_000)


class ExportQuery(Camel):
    format: Literal["json", "csv"] = "json"


class AuditEntry(Camel):
    seq: int
    at: datetime
    type: str
    actor: str
    detail: dict[str, Any]
    hash: str


@blueprint.get("/health")
@blueprint.output(Snapshot)
def health() -> Snapshot:
    """Get the runtime snapshot with its alerts."""
    taken: Snapshot = web.current().overview.take()
    return taken


@blueprint.get("/snapshot")
@blueprint.input(ExportQuery, location="query", arg_name="query")
@blueprint.doc(responses={200: "The snapshot as a download"})
def export(query: ExportQuery) -> Response:
    """Export the snapshot as a file with an id and a SHA-256. The export is audited."""
    return downloads.snapshot(query.format, actor=access.caller().actor)


@blueprint.get("/snapshot/schema")
@blueprint.doc(responses={200: "JSON Schema of the snapshot"})
def schema() -> Response:
    """Get the JSON Schema of exported snapshots."""
    body = Snapshot.model_json_schema(by_alias=True, mode="serialization")
    body["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return jsonify(body)


class DrainIn(Camel):
    """Why the node drains, for the audit log."""

    reason: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")


class DrainOut(Camel):
    phase: str
    since: str
    by: str
    why: str


@blueprint.post("/lifecycle/drain")
@blueprint.input(DrainIn, arg_name="asked")
@blueprint.output(DrainOut, status_code=202)
def drain(asked: DrainIn) -> DrainOut:
    """Drain this node: not ready, no more writes. Shut down or cancel from the command line."""
    portal = web.current()
    actor = access.caller().actor
    portal.core.audit_log.append("runtime.drain.began", actor=actor, by=actor, reason=asked.reason)
    mark = portal.lifecycle.phases.move(Phase.DRAINING, by=actor, why=asked.reason)
    return DrainOut(phase=mark.phase, since=mark.since, by=mark.by, why=mark.why)


@blueprint.get("/audit")
@blueprint.input(AuditQuery, location="query", arg_name="query")
@blueprint.output(Page[AuditEntry])
def audit(query: AuditQuery) -> Page[AuditEntry]:
    """List audit events, newest first; for the next page give `before` the last one's `seq`."""
    with web.current().core.open_session() as session:
        rows, total = search.search(
            session,
            event_type=query.type,
            actor=query.actor,
            since=query.since,
            before=query.before,
            limit=query.limit,
            offset=query.offset,
        )
        items = [AuditEntry.of(row) for row in rows]
    return Page(items=items, total=total, limit=query.limit, offset=query.offset)
