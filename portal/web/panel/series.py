"""Series in the panel; they are made by the form of a window with a rule in it."""

from flask import Blueprint, redirect
from werkzeug.wrappers import Response

from portal.web import current
from portal.web.panel import forms, maintenance, toasts

blueprint = Blueprint("series", __name__, url_prefix="/panel/series")


@blueprint.post("/<ref>/approval")
def approve(ref: str) -> Response:
    row = current().status.series.approve(forms.by(), ref)
    toasts.say(f"{row.title} is approved and public.")
    return redirect(maintenance.PATH, 303)


@blueprint.post("/<ref>/cancel")
def cancel(ref: str) -> Response:
    """Call off a series with all of its windows that have not begun."""
    row = current().status.series.cancel(forms.by(), ref)
    toasts.say(f"{row.title} is cancelled with all of its windows to come.")
    return redirect(maintenance.PATH, 303)
