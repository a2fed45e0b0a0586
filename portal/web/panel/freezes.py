"""Freezes in the panel: a form and a list on the page of maintenance."""

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from portal.status.freezes import FreezeIn
from portal.web import current
from portal.web.panel import forms, maintenance, toasts
from portal.web.problems import Errors

blueprint = Blueprint("freezes", __name__, url_prefix="/panel/freezes")

PATH = f"{maintenance.PATH}#freezes"


@blueprint.post("")
def add() -> Response:
    """A time to keep free, in UTC."""
    return forms.submit(
        lambda by: current().status.freezes.add(
            by,
            forms.read(
                FreezeIn,
                title=forms.text("freezeTitle"),
                startsAt=forms.instant("freezeStartsAt"),
                endsAt=forms.instant("freezeEndsAt"),
            ),
        ),
        say=lambda row: toasts.say(f"{row.title} is added. Windows in it show a warning."),
        then=PATH,
        again=_again,
    )


@blueprint.post("/<int(max=2147483647):number>/removal")
def remove(number: int) -> Response:
    current().status.freezes.remove(forms.by(), number)
    toasts.say("The freeze is removed.")
    return redirect(PATH, 303)


def _again(*, errors: Errors, status: int) -> Response:
    return maintenance.show(errors=errors, form=request.form, status=status)
