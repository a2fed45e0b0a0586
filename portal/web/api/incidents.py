"""`/api/admin/runtime/incidents`: incidents, their captures and retrospectives."""

from typing import Any, Literal

from apiflask import APIBlueprint
from flask import Response, jsonify
from sqlalchemy.orm import Session, object_session

from portal import web
from portal.runtime import exports, recoveries
from portal.runtime.recoveries import PreparedUpdate
from portal.status import findings, incidents, retrospectives
from portal.status.incidents import (
    Capture,
    CaptureOut,
    Incident,
    IncidentEdit,
    IncidentIn,
    IncidentOut,
    NoteIn,
    UpdateIn,
)
from portal.status.registry import NotFoundError
from portal.status.retrospectives import Retrospective, RetrospectiveIn, RetrospectiveOut
from portal.status.terms import Camel
from portal.web import access
from portal.web.api import writes
from portal.web.api.writes import ERRORS, PageQuery

blueprint = APIBlueprint(
    "incidents_api", __name__, url_prefix="/api/admin/runtime/incidents", tag="Incidents"
)


class IncidentQuery(PageQuery):
    """`open` leaves out those that are resolved, or that are not."""

    open: bool | None = None


class IncidentList(Camel):
    items: list[IncidentOut]
    total: int
    limit: int
    offset: int


class ExportQuery(Camel):
    format: Literal["markdown", "json"] = "markdown"


@blueprint.get("")
@blueprint.input(IncidentQuery, location="query", arg_name="page")
@blueprint.output(IncidentList)
@blueprint.doc(security="token", responses=ERRORS)
def listing(page: IncidentQuery) -> IncidentList:
    """List incidents, the latest start first."""
    with _open_session() as session:
        rows, total = incidents.page(
            session, limit=page.limit, offset=page.offset, is_open=page.open
        )
        items = [incidents.out(session, row) for row in rows]
    return IncidentList(items=items, total=total, limit=page.limit, offset=page.offset)


@blueprint.post("")
@blueprint.input(IncidentIn, arg_name="wish")
@blueprint.output(IncidentOut, status_code=201)
@blueprint.doc(security="token", responses=ERRORS)
def create(wish: IncidentIn) -> Response:
    """Open an incident with its first public update; `startedAt` may lie in the past."""
    return writes.write(
        lambda actor, once: _casebook().open(wish, actor=actor, once=once), _shown, status=201
    )


@blueprint.get("/<reference>")
@blueprint.output(IncidentOut)
@blueprint.doc(security="token", responses=ERRORS)
def one(reference: str) -> Response:
    """Show an incident with both timelines."""
    with _open_session() as session:
        row = _found(session, reference)
        return writes.shown(incidents.out(session, row), row.version)


@blueprint.put("/<reference>")
@blueprint.input(IncidentEdit, arg_name="wish")
@blueprint.output(IncidentOut)
@blueprint.doc(security="token", responses=ERRORS)
def replace(reference: str, wish: IncidentEdit) -> Response:
    """Put title, impact, audiences, start, next update and links right."""
    version = writes.wanted_version()
    return writes.write(
        lambda actor, once: _casebook().edit(
            reference, wish, version=version, actor=actor, once=once
        ),
        _shown,
    )


@blueprint.post("/<reference>/updates")
@blueprint.input(UpdateIn, arg_name="wish")
@blueprint.output(IncidentOut, status_code=201)
@blueprint.doc(security="token", responses=ERRORS)
def update(reference: str, wish: UpdateIn) -> Response:
    """Tell the public; `resolved` takes a `rootCauseCategory` and ends all impairment."""
    version = writes.wanted_version()
    return writes.write(
        lambda actor, once: _casebook().update(
            reference, wish, version=version, actor=actor, once=once
        ),
        _shown,
        status=201,
    )


@blueprint.post("/<reference>/notes")
@blueprint.input(NoteIn, arg_name="wish")
@blueprint.output(IncidentOut, status_code=201)
@blueprint.doc(security="token", responses=ERRORS)
def note(reference: str, wish: NoteIn) -> Response:
    """Write a note that only operators see."""
    return writes.write(
        lambda actor, once: _casebook().note(reference, wish, actor=actor, once=once),
        _shown,
        status=201,
    )


@blueprint.post("/<reference>/acknowledgement")
@blueprint.output(IncidentOut)
@blueprint.doc(security="token", responses=ERRORS)
def acknowledge(reference: str) -> Response:
    """Say that someone is at it."""
    version = writes.wanted_version()
    return writes.write(
        lambda actor, once: _casebook().acknowledge(
            reference, version=version, actor=actor, once=once
        ),
        _shown,
    )


@blueprint.post("/<reference>/captures")
@blueprint.output(CaptureOut, status_code=201)
@blueprint.doc(security="token", responses=ERRORS)
def capture(reference: str) -> Response:
    """Attach the runtime snapshot of this moment; the hash is of the stored JSON."""
    portal = web.current()
    made = portal.status.casebook.capture(
        reference, exports.to_json(portal.overview.take()).decode(), actor=access.caller().actor
    )
    body = CaptureOut(id=made.id, sha256=made.sha256, captured_at=made.captured_at)
    response = jsonify(body.model_dump(mode="json", by_alias=True))
    response.status_code = 201
    return response


@blueprint.get("/<reference>/captures/<identity>")
@blueprint.doc(security="token", responses={200: "The snapshot as it was captured"} | ERRORS)
def captured(reference: str, identity: str) -> Response:
    """The snapshot that was captured, byte for byte."""
    with _open_session() as session:
        row = session.get(Capture, identity)
        if row is None or row.incident_id != _found(session, reference).id:
            raise NotFoundError
        response = Response(row.body, content_type="application/json")
        response.headers["X-Snapshot-SHA256"] = row.sha256
        return response


@blueprint.get("/<reference>/findings")
@blueprint.doc(security="token", responses={200: "Markdown with figures and instants"} | ERRORS)
def findings_of(reference: str) -> Response:
    """The captured figures as Markdown, for a ticket."""
    with _open_session() as session:
        text = findings.of_captures(session, _found(session, reference), prefix=_prefix())
    return Response(text, content_type="text/markdown; charset=utf-8")


@blueprint.get("/<reference>/prepared-update")
@blueprint.output(PreparedUpdate)
@blueprint.doc(security="token", responses=ERRORS)
def prepared(reference: str) -> PreparedUpdate:
    """The update that waits since the incident's alerts have recovered; 404 when there is none."""
    with _open_session() as session:
        found = recoveries.prepared(session, _found(session, reference))
    if found is None:
        raise NotFoundError
    return found


@blueprint.get("/<reference>/retrospective")
@blueprint.output(RetrospectiveOut)
@blueprint.doc(security="token", responses=ERRORS)
def retrospective(reference: str) -> Response:
    """Show an incident's retrospective."""
    with _open_session() as session:
        incident = _found(session, reference)
        row = session.get(Retrospective, incident.id)
        if row is None:
            raise NotFoundError
        return writes.shown(retrospectives.out(row, incident.reference), row.version)


@blueprint.put("/<reference>/retrospective")
@blueprint.input(RetrospectiveIn, arg_name="wish")
@blueprint.output(RetrospectiveOut)
@blueprint.doc(security="token", responses=ERRORS)
def keep_retrospective(reference: str, wish: RetrospectiveIn) -> Response:
    """Add or replace the retrospective of an incident that is resolved."""
    version = writes.wanted_version()
    return writes.write(
        lambda actor, once: _casebook().keep_retrospective(
            reference, wish, version=version, actor=actor, once=once
        ),
        lambda row: retrospectives.out(row, reference.upper()),
    )


@blueprint.get("/<reference>/retrospective/export")
@blueprint.input(ExportQuery, location="query", arg_name="query")
@blueprint.doc(security="token", responses={200: "The retrospective as a download"} | ERRORS)
def export(reference: str, query: ExportQuery) -> Response:
    """Timeline, retrospective and captured figures, as Markdown or JSON."""
    with _open_session() as session:
        incident = _found(session, reference)
        row = session.get(Retrospective, incident.id)
        name = f"{incident.reference}.{'md' if query.format == 'markdown' else 'json'}"
        if query.format == "markdown":
            text = findings.markdown(session, incident, row, prefix=_prefix())
            response = Response(text, content_type="text/markdown; charset=utf-8")
        else:
            response = jsonify(_whole(session, incident, row))
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _whole(session: Session, incident: Incident, row: Retrospective | None) -> dict[str, Any]:
    return {
        "incident": incidents.out(session, incident).model_dump(mode="json", by_alias=True),
        "retrospective": (
            retrospectives.out(row, incident.reference).model_dump(mode="json", by_alias=True)
            if row
            else None
        ),
        "captures": [
            {
                "id": one.id,
                "sha256": one.sha256,
                "capturedAt": one.captured_at,
                "figures": dict(findings.figures(one.body, _prefix())),
            }
            for one in incidents.captures_of(session, incident.id)
        ],
    }


def _casebook() -> Any:
    return web.current().status.casebook


def _open_session() -> Session:
    session: Session = web.current().core.open_session()
    return session


def _prefix() -> str:
    prefix: str = web.current().core.settings.metrics_prefix
    return prefix


def _found(session: Session, reference: str) -> Incident:
    row = incidents.find(session, reference)
    if row is None:
        raise NotFoundError
    return row


def _shown(row: Incident) -> IncidentOut:
    # The answer to be kept with a key is rendered before the commit, in the act's own session.
    session = object_session(row)
    if session is not None:
        return incidents.out(session, row)
    with _open_session() as session:
        return incidents.out(session, row)
