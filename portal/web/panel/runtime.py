"""The runtime panel, the runbook and the export."""

from flask import Blueprint, Response, request

from portal import web
from portal.web import access, downloads, render
from portal.web.panel import cards

blueprint = Blueprint("panel", __name__, url_prefix="/panel")


@blueprint.get("")
def runtime() -> Response:
    """Alerts, acts and cards."""
    found = cards.shown(web.current().shared.fresh())
    answers = web.current().board.current()
    is_watched = answers is None or answers.picture.is_watched
    return render.panel("panel/runtime.html", cards=found, is_watched=is_watched)


@blueprint.get("/runbook")
def runbook() -> Response:
    return render.panel("panel/runbook.html")


@blueprint.post("/snapshot")
def export() -> Response:
    return downloads.snapshot(request.form.get("format", ""), actor=access.caller().actor)
