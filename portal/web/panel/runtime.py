"""The runtime panel, the audit log, the runbook and the export."""

import uuid

from flask import Blueprint, Response, request

from portal import web
from portal.audit import chain
from portal.web import access, downloads, render
from portal.web.panel import cards
from portal.web.problems import Problem

blueprint = Blueprint("panel", __name__, url_prefix="/panel")

_AUDIT_PAGE = 50


@blueprint.get("")
def runtime() -> Response:
    """Alerts, acts and cards."""
    found = cards.shown(web.current().shared.fresh())
    return render.panel("panel/runtime.html", cards=found, default_key=str(uuid.uuid4()))


@blueprint.get("/runbook")
def runbook() -> Response:
    return render.panel("panel/runbook.html")


@blueprint.post("/snapshot")
def export() -> Response:
    return downloads.snapshot(request.form.get("format", ""), actor=access.caller().actor)


@blueprint.get("/audit")
def audit() -> Response:
    event_type, actor = request.args.get("type", "").strip(), request.args.get("actor", "").strip()
    page_text = request.args.get("page", "1")
    if not (page_text.isascii() and page_text.isdigit() and 0 < len(page_text) < 8):
        raise Problem(400, "The page must be a number from 1.")
    page = max(1, int(page_text))
    with web.current().core.open_session() as session:
        events, total = chain.search(
            session,
            event_type=event_type or None,
            actor=actor or None,
            limit=_AUDIT_PAGE,
            offset=(page - 1) * _AUDIT_PAGE,
        )
        return render.panel(
            "panel/audit/list.html",
            events=events,
            total=total,
            page=page,
            pages=max(1, -(-total // _AUDIT_PAGE)),
            filters={"type": event_type, "actor": actor},
        )
