"""`/api/admin/runtime/incidents`: incidents and their captures."""

from apiflask import APIBlueprint
from flask import Response, jsonify
from sqlalchemy.orm import object_session

from portal.errors import NotFoundError, found
from portal.runtime import exports, recoveries
from portal.runtime.recoveries import PreparedUpdate
from portal.status import incidents
from portal.status.incidents import (
    Capture,
    CaptureOut,
    Incident,
    IncidentEdit,
    IncidentIn,
    IncidentOut,
    NoteIn,
    UpdateIn,
    findings,
)
from portal.web import current
from portal.web.api import writes
from portal.web.api.pages import Page, PageQuery

blueprint = APIBlueprint(
    "incidents_api", __name__, url_prefix="/api/admin/runtime/incidents", tag="Incidents"
)


class IncidentQuery(PageQuery):
    """`open` leaves out those that are resolved, or that are not."""

    open: bool | None = None


@blueprint.get("")
@blueprint.input(IncidentQuery, location="query", arg_name="page")
@blueprint.output(Page[IncidentOut])
def listing(page: IncidentQuery) -> Page[IncidentOut]:
    """List incidents, open ones first, then latest start first."""
    with current().core.open_session() as session:
        rows, total = incidents.page(
            session, limit=page.limit, offset=page.offset, is_open=page.open
        )
        items = incidents.outs(session, rows)
    return Page(items=items, total=total, limit=page.limit, offset=page.offset)


@blueprint.post("")
@blueprint.input(IncidentIn, arg_name="new")
@blueprint.output(IncidentOut, status_code=201)
def create(new: IncidentIn) -> Response:
    """Open an incident with its first public update. `startedAt` may be in the past."""
    return writes.write(lambda by: current().status.incidents.open(by, new), _shown, status=201)


@blueprint.get("/<reference>")
@blueprint.output(IncidentOut)
def one(reference: str) -> Response:
    """Show an incident with its public updates and notes."""
    with current().core.open_session() as session:
        row = found(incidents.find(session, reference))
        return writes.shown(incidents.out(session, row), row.version)


@blueprint.put("/<reference>")
@blueprint.input(IncidentEdit, arg_name="content")
@blueprint.output(IncidentOut)
def replace(reference: str, content: IncidentEdit) -> Response:
    """Correct title, impact, audiences, start, next update and links."""
    return writes.write(lambda by: current().status.incidents.edit(by, reference, content), _shown)


@blueprint.post("/<reference>/updates")
@blueprint.input(UpdateIn, arg_name="new")
@blueprint.output(IncidentOut, status_code=201)
def update(reference: str, new: UpdateIn) -> Response:
    """Post a public update. `resolved` needs a `rootCauseCategory` and resets all components."""
    return writes.write(
        lambda by: current().status.incidents.update(by, reference, new), _shown, status=201
    )


@blueprint.post("/<reference>/notes")
@blueprint.input(NoteIn, arg_name="new")
@blueprint.output(IncidentOut, status_code=201)
def note(reference: str, new: NoteIn) -> Response:
    """Add a note that only operators see."""
    return writes.write(
        lambda by: current().status.incidents.note(by, reference, new), _shown, status=201
    )


@blueprint.post("/<reference>/acknowledgement")
@blueprint.output(IncidentOut)
def acknowledge(reference: str) -> Response:
    """Acknowledge an incident: someone is working on it."""
    return writes.write(lambda by: current().status.incidents.acknowledge(by, reference), _shown)


@blueprint.post("/<reference>/captures")
@blueprint.output(CaptureOut, status_code=201)
def capture(reference: str) -> Response:
    """Attach the current runtime snapshot. The hash is that of the stored JSON."""
    capture = exports.capture(
        current().overview, current().status.incidents, writes.by(), reference
    )
    body = CaptureOut.of(capture)
    response = jsonify(body.model_dump(mode="json", by_alias=True))
    response.status_code = 201
    return response


@blueprint.get("/<reference>/captures/<identity>")
@blueprint.doc(responses={200: "The captured snapshot"})
def captured(reference: str, identity: str) -> Response:
    """Get a captured snapshot, byte for byte."""
    with current().core.open_session() as session:
        row = session.get(Capture, identity)
        if row is None or row.incident_id != found(incidents.find(session, reference)).id:
            raise NotFoundError
        response = Response(row.body, content_type="application/json")
        response.headers["X-Snapshot-SHA256"] = row.sha256
        return response


@blueprint.get("/<reference>/findings")
@blueprint.doc(responses={200: "Markdown with figures and times"})
def findings_of(reference: str) -> Response:
    """Get the captured figures as Markdown, for a ticket."""
    with current().core.open_session() as session:
        text = findings.of_captures(
            session, found(incidents.find(session, reference)), prefix=metrics_prefix()
        )
    return Response(text, content_type="text/markdown; charset=utf-8")


@blueprint.get("/<reference>/prepared-update")
@blueprint.output(PreparedUpdate)
def prepared(reference: str) -> PreparedUpdate:
    """Get the update prepared when the incident's alerts recovered; 404 when there is none."""
    with current().core.open_session() as session:
        update = recoveries.prepared(session, found(incidents.find(session, reference)))
    if update is None:
        raise NotFoundError
    return update


def metrics_prefix() -> str:
    return current().core.settings.metrics_prefix


def _shown(row: Incident) -> IncidentOut:
    # The answer to be stored with a key is rendered before the commit, in the act's own session.
    session = object_session(row)
    if session is not None:
        return incidents.out(session, row)
    with current().core.open_session() as session:
        return incidents.out(session, row)
