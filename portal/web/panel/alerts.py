"""What operators do with the alerts on top of the panel."""

from flask import Blueprint, request
from werkzeug.wrappers import Response

from portal import clock, web
from portal.errors import NotFoundError, found
from portal.runtime.episode import Source
from portal.runtime.foreign_alerts import EpisodeEnd
from portal.schemas import Before
from portal.web import access
from portal.web.panel import cards, forms, toasts

blueprint = Blueprint("alerts", __name__, url_prefix="/panel/alerts")

_WITHDRAW = "/panel/alerts/withdraw"
_MOST = 100


class AlertNames(Before):
    """Which alerts of one name are meant."""

    alert: str
    subjects: list[str]


@blueprint.post("/end")
def end() -> Response:
    """End an alert of others, whose own end was lost."""
    asked = forms.read(EpisodeEnd, alert=forms.text("alert"), subject=forms.text("subject"))
    row = web.current().runtime.foreign_alerts.end(forms.by(), asked.alert, asked.subject)
    toasts.say(f"{row.title} is ended. It comes back when it fires again.")
    return cards.after_act()


@blueprint.post("/acknowledge")
def acknowledge() -> Response:
    """Take care of an alert, or of all of one kind."""
    portal = web.current()
    held = {(one.id, one.subject): one for one in portal.shared.recent().alerts}
    name, subjects = forms.text("alert"), request.form.getlist("subject") or [""]
    row, begun, taken = None, clock.now(), []
    for subject in subjects[:_MOST]:
        alert = held.get((name, subject))
        own = alert if alert is not None and alert.source == Source.PORTAL else None
        try:
            row = portal.runtime.acknowledgements.acknowledge(forms.by(), name, subject, own)
        except NotFoundError:
            # One of several may have ended since the page was shown.
            continue
        # What another one takes care of already stays theirs.
        if row.acknowledged_by == access.caller().actor and found(row.acknowledged_at) >= begun:
            taken.append(subject)
    row = found(row)
    if not taken:
        toasts.say(f"{row.title} was acknowledged by {row.acknowledged_by}.")
        return cards.after_act()
    offer = toasts.undo_of(_WITHDRAW, 0, AlertNames(alert=name, subjects=taken))
    toasts.say(f"{row.title} is acknowledged by you.", offer)
    return cards.after_act()


@blueprint.post("/withdraw")
def withdraw() -> Response:
    """Take an acknowledgement back, right after it or later."""
    is_undo = "note" in request.form
    if is_undo:
        names = toasts.posted(AlertNames).before
        assert names is not None
    else:
        names = AlertNames(alert=forms.text("alert"), subjects=request.form.getlist("subject"))
    row = None
    for subject in names.subjects[:_MOST]:
        try:
            row = web.current().runtime.acknowledgements.withdraw(
                forms.by(), names.alert, subject, own_only=is_undo
            )
        except NotFoundError:
            continue
    toasts.say(f"{found(row).title} is not acknowledged any more.")
    return cards.after_act()
