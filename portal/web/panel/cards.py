"""The fragments that the panel polls; a poll never extends a session."""

from flask import Blueprint, Response

from portal import web
from portal.web import render
from portal.web.problems import Problem

blueprint = Blueprint("cards", __name__, url_prefix="/panel")

CARDS = (
    "exporter",
    "rate-limit",
    "perimeter",
    "waf",
    "maintenance",
    "workers",
    "database",
    "readiness",
    "security",
)


@blueprint.get("/cards/<name>")
def card(name: str) -> Response:
    if name not in CARDS:
        raise Problem(404, "There is no such card.")
    return show(name)


@blueprint.get("/alerts")
def alerts() -> Response:
    portal = web.current()
    return render.panel("parts/alerts.html", snapshot=portal.overview.take())


def show(name: str) -> Response:
    """A card as it is now."""
    portal = web.current()
    return render.panel(
        f"parts/cards/{name.replace('-', '_')}.html", snapshot=portal.overview.take()
    )
