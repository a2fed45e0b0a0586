"""What operators do with the alerts on top of the panel."""

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from portal import web
from portal.runtime.foreign_alerts import EpisodeEnd
from portal.web.panel import cards, forms

blueprint = Blueprint("alerts", __name__, url_prefix="/panel/alerts")


@blueprint.post("/end")
def end() -> Response:
    """End an alert of others, whose own end was lost."""
    asked = forms.read(EpisodeEnd, alert=forms.text("alert"), subject=forms.text("subject"))
    web.current().runtime.foreign_alerts.end(forms.by(), asked.alert, asked.subject)
    if request.headers.get("HX-Request"):
        return cards.alerts()
    return redirect("/panel", 303)
