"""What of an incident can be corrected: its title, impact, times and audience."""

from typing import Any

from flask import Blueprint, request
from werkzeug.wrappers import Response

from portal.errors import found
from portal.status import incidents
from portal.status.incidents import ImpactLevel, IncidentEdit, IncidentOut
from portal.web import current, render
from portal.web.panel import forms, toasts

blueprint = Blueprint("incident_details", __name__, url_prefix="/panel/incidents")
_INSTANTS = {"startedAt": "started_at", "nextUpdateAt": "next_update_at"}


@blueprint.get("/<reference>/details")
def one(reference: str) -> Response:
    shown = _shown(reference)
    form = {
        "title": shown.title,
        "impact": shown.impact.value,
        "startedAt": forms.in_field(shown.started_at),
        "nextUpdateAt": forms.in_field(shown.next_update_at),
    } | forms.of_translations(shown.translations)
    return _form(form, incident=shown, version=shown.version, audiences=list(shown.audiences))


@blueprint.post("/<reference>/details")
def edit(reference: str) -> Response:
    shown = _shown(reference)
    return forms.submit(
        lambda by: current().status.incidents.edit(by, reference, _edited(shown)),
        then=lambda ref: f"{blueprint.url_prefix}/{ref}",
        again=forms.shown_again(_form, reference, shown, incident=shown),
        say=lambda row: toasts.say(f"The details of {row.reference} are saved."),
    )


def _edited(shown: IncidentOut) -> IncidentEdit:
    content = forms.read(
        IncidentEdit,
        title=forms.text("title"),
        translations=forms.translations(),
        impact=request.form.get("impact"),
        audiences=request.form.getlist("audiences"),
        startedAt=forms.instant("startedAt"),
        nextUpdateAt=forms.instant("nextUpdateAt"),
        links=[one.model_dump(mode="json") for one in shown.links],
    )
    forms.keep_untouched(content, shown, fields=_INSTANTS)
    return content


def _shown(reference: str) -> IncidentOut:
    with current().core.open_session() as session:
        return incidents.out(session, found(incidents.find(session, reference)))


def _form(form: dict[str, str], *, status: int = 200, **context: Any) -> Response:
    return render.panel(
        "panel/incidents/details.html",
        status=status,
        form=form,
        levels=list(ImpactLevel),
        all_audiences=forms.audiences(context["audiences"]),
        **({"errors": {}, "conflict": None} | context),
    )
