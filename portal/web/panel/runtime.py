"""The runtime panel, the audit log, the runbook and the export."""

from flask import Blueprint, Response, request

from portal import web
from portal.audit import search
from portal.web import access, downloads, render
from portal.web.panel import cards, paging

blueprint = Blueprint("panel", __name__, url_prefix="/panel")

_AUDIT_PAGE = 50


@blueprint.get("")
def runtime() -> Response:
    """Alerts, acts and cards."""
    found = cards.shown(web.current().shared.fresh())
    return render.panel("panel/runtime.html", cards=found)


@blueprint.get("/runbook")
def runbook() -> Response:
    return render.panel("panel/runbook.html")


@blueprint.post("/snapshot")
def export() -> Response:
    return downloads.snapshot(request.form.get("format", ""), actor=access.caller().actor)


@blueprint.get("/audit")
def audit() -> Response:
    event_type, actor = request.args.get("type", "").strip(), request.args.get("actor", "").strip()
    # The events older than one of them; a page's own number would move with each new event.
    before = paging.before()
    with web.current().core.open_session() as session:
        events, total = search.search(
            session,
            event_type=event_type or None,
            actor=actor or None,
            before=before,
            limit=_AUDIT_PAGE + 1,
        )
        return render.panel(
            "panel/audit/list.html",
            events=events[:_AUDIT_PAGE],
            total=total,
            before=before,
            older=events[_AUDIT_PAGE - 1].seq if len(events) > _AUDIT_PAGE else None,
            filters={"type": event_type, "actor": actor},
        )
