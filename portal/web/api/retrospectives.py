"""`/api/admin/runtime/incidents/<reference>/retrospective`."""

from typing import Any, Literal

from apiflask import APIBlueprint
from flask import Response, jsonify
from sqlalchemy.orm import Session

from portal.errors import found
from portal.schemas import Camel
from portal.status import incidents, retrospectives
from portal.status.incidents import Incident, findings
from portal.status.retrospectives import Retrospective, RetrospectiveIn, RetrospectiveOut
from portal.web import current
from portal.web.api import writes
from portal.web.api.incidents import metrics_prefix

blueprint = APIBlueprint(
    "retrospectives_api",
    __name__,
    url_prefix="/api/admin/runtime/incidents/<reference>/retrospective",
    tag="Incidents",
)


class ExportQuery(Camel):
    format: Literal["markdown", "json"] = "markdown"


@blueprint.get("")
@blueprint.output(RetrospectiveOut)
def one(reference: str) -> Response:
    """Show an incident's retrospective."""
    with current().core.open_session() as session:
        incident = found(incidents.find(session, reference))
        row = found(session.get(Retrospective, incident.id))
        return writes.shown(retrospectives.out(row, incident.reference), row.version)


@blueprint.put("")
@blueprint.input(RetrospectiveIn, arg_name="content")
@blueprint.output(RetrospectiveOut)
def save(reference: str, content: RetrospectiveIn) -> Response:
    """Add or replace the retrospective of a resolved incident."""
    return writes.write(
        lambda by: current().status.retrospectives.save(by, reference, content),
        lambda row: retrospectives.out(row, reference.upper()),
    )


@blueprint.get("/export")
@blueprint.input(ExportQuery, location="query", arg_name="query")
@blueprint.doc(responses={200: "The retrospective as a download"})
def export(reference: str, query: ExportQuery) -> Response:
    """Export timeline, retrospective and captured figures as Markdown or JSON."""
    with current().core.open_session() as session:
        incident = found(incidents.find(session, reference))
        row = session.get(Retrospective, incident.id)
        name = f"{incident.reference}.{'md' if query.format == 'markdown' else 'json'}"
        if query.format == "markdown":
            text = findings.markdown(session, incident, row, prefix=metrics_prefix())
            response = Response(text, content_type="text/markdown; charset=utf-8")
        else:
            response = jsonify(_whole(session, incident, row))
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _whole(session: Session, incident: Incident, row: Retrospective | None) -> dict[str, Any]:
    stored = retrospectives.out(row, incident.reference) if row else None
    captures = incidents.captures_of(session, [incident.id]).get(incident.id, [])
    return {
        "incident": incidents.out(session, incident).model_dump(mode="json", by_alias=True),
        "retrospective": stored.model_dump(mode="json", by_alias=True) if stored else None,
        "captures": [
            {
                "id": one.id,
                "sha256": one.sha256,
                "capturedAt": one.captured_at,
                "figures": dict(findings.figures(one.body, metrics_prefix())),
            }
            for one in captures
        ],
    }
