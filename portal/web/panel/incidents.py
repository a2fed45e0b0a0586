"""Incidents in the panel: list, form, and the incident's own page."""

from functools import partial
from typing import Any

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from portal import clock
from portal.board import incidents as boards
from portal.board.banners import Banner
from portal.errors import found
from portal.runtime import episodes, exports, offers, recoveries
from portal.runtime.episode import of_alert
from portal.runtime.snapshot import Alert
from portal.status import components, incidents, retrospectives
from portal.status.components import State
from portal.status.incidents import (
    Category,
    ImpactLevel,
    Incident,
    IncidentIn,
    NoteIn,
    Progress,
    UpdateIn,
    findings,
)
from portal.status.notices import SENT, NoticeKind
from portal.status.retrospectives import Retrospective
from portal.status.terms import Audience
from portal.web import current, render
from portal.web.panel import filters, forms, paging, preview, toasts
from portal.web.problems import Errors

blueprint = Blueprint("incidents", __name__, url_prefix="/panel/incidents")

_IMPACTS = ((State.MAJOR, ImpactLevel.CRITICAL), (State.PARTIAL, ImpactLevel.MAJOR))
STATES = [state for state in State if state is not State.UNDER_MAINTENANCE]


@blueprint.get("")
def listing() -> Response:
    with current().core.open_session() as session:
        start, asked = paging.offset(), filters.asked(incidents.PARTS)
        rows, total = incidents.page(session, limit=paging.LIMIT, offset=start, choice=asked.choice)
        return render.panel(
            "panel/incidents/list.html",
            asked=asked,
            states=incidents.PARTS,
            components=filters.components(),
            incidents=rows,
            impacts=incidents.impacts_of(session, [row.id for row in rows]),
            paged=paging.Section("offset", start, total),
            overdue=retrospectives.overdue(session, today=clock.now().date()),
        )


@blueprint.get("/new")
def new() -> Response:
    return _form(_prefilled(), impacts={}, audiences=["public"])


@blueprint.post("/new")
def create() -> Response:
    def again(*, errors: Errors, status: int) -> Response:
        return _form(
            forms.values(),
            impacts=forms.impacts(),
            audiences=request.form.getlist("audiences"),
            errors=errors,
            status=status,
        )

    return forms.submit(
        lambda by: current().status.incidents.open(by, _posted()),
        say=lambda row: toasts.say(f"{row.title} is open and {_reach(row)}."),
        then=_path,
        again=again,
        is_new=True,
    )


@blueprint.post("/preview")
def show_preview() -> Response:
    return preview.show(_preview, NoticeKind.INCIDENT)


def _preview() -> tuple[Banner, dict[str, Any]]:
    new = _posted()
    context = {"components": [one.component for one in new.components], "channels": SENT}
    return boards.of_draft(new, now=clock.now()), context


@blueprint.post("/<reference>/updates/preview")
def show_update_preview(reference: str) -> Response:
    compose = partial(_preview_of_update, reference)
    return preview.show(compose, NoticeKind.INCIDENT, is_by_button=True)


def _preview_of_update(reference: str) -> tuple[Banner, dict[str, Any]]:
    new, board = _posted_update(), current().board.current()
    with current().core.open_session() as session:
        row = found(incidents.find(session, reference))
        impacts = incidents.impacts_of(session, [row.id]).get(row.id, [])
        shown, banner = boards.of_update(row, impacts, new, now=clock.now())
    touched = [one.component for one in shown.components]
    return banner, {
        "components": touched,
        "channels": SENT,
        "audiences": row.audiences,
        "incident": shown,
        "names": board.picture.names_of(touched) if board is not None else [],
    }


@blueprint.get("/<reference>")
def one(reference: str) -> Response:
    return _show(reference)


@blueprint.post("/<reference>/updates")
def update(reference: str) -> Response:
    """A public update; a stale form keeps its text beside what was posted meanwhile."""

    def again(*, errors: Errors, status: int) -> Response:
        if status == 412:
            text = "Someone else posted an update in the meantime. Read it, then post yours again."
            errors = {"version": [text]}
        return _show(reference, form=forms.values(), errors=errors, status=status)

    return forms.submit(
        lambda by: current().status.incidents.update(by, reference, _posted_update()),
        say=_say_of_update,
        then=_path,
        again=again,
    )


@blueprint.post("/<reference>/notes")
def note(reference: str) -> Response:
    new = forms.read(NoteIn, message=forms.text("note"))
    current().status.incidents.note(forms.by(), reference, new)
    toasts.say("The note is added. Only operators see it.")
    return redirect(f"{_path(reference)}#notes", 303)


@blueprint.post("/<reference>/acknowledgement")
def acknowledge(reference: str) -> Response:
    current().status.incidents.acknowledge(forms.by(), reference)
    toasts.say("The incident is acknowledged by you.")
    return redirect(_path(reference), 303)


@blueprint.post("/<reference>/captures")
def capture(reference: str) -> Response:
    exports.capture(current().overview, current().status.incidents, forms.by(), reference)
    toasts.say("The figures of this moment are kept with the incident.")
    return redirect(f"{_path(reference)}#captures", 303)


def _path(reference: str) -> str:
    return f"/panel/incidents/{reference}"


def _reach(row: Incident) -> str:
    return "public" if Audience.PUBLIC in row.audiences else f"seen by {', '.join(row.audiences)}"


def _say_of_update(row: Incident) -> None:
    is_over = row.status == Progress.RESOLVED
    toasts.say(f"{row.title} is resolved." if is_over else "The update is posted.")


def _posted() -> IncidentIn:
    impaired = _impaired()
    return forms.read(
        IncidentIn,
        title=forms.text("title"),
        impact=request.form.get("impact") or _impact_of(impaired),
        status=request.form.get("status"),
        message=forms.text("message"),
        translations=forms.translations(),
        note=forms.text("note"),
        components=impaired,
        audiences=request.form.getlist("audiences"),
        startedAt=forms.instant("startedAt"),
        nextUpdateAt=forms.instant("nextUpdateAt"),
        links=[{"kind": "episode", "ref": one} for one in request.form.getlist("episode")],
    )


def _posted_update() -> UpdateIn:
    is_end = request.form.get("status") == Progress.RESOLVED
    return forms.read(
        UpdateIn,
        status=request.form.get("status"),
        message=forms.text("message"),
        translations=forms.translations() or {},
        nextUpdateAt=forms.instant("nextUpdateAt"),
        rootCauseCategory=request.form.get("rootCauseCategory") or None,
        components=None if is_end else _impaired(),
    )


def _impaired() -> list[dict[str, str]]:
    return [
        {"component": slug, "state": state}
        for slug, state in forms.impacts().items()
        if state != State.OPERATIONAL
    ]


def _impact_of(impaired: list[dict[str, str]]) -> ImpactLevel:
    """What an incident is to its readers, by the worst state of a component; minor without one."""
    states = {one["state"] for one in impaired}
    found = [level for state, level in _IMPACTS if state in states]
    return found[0] if found else ImpactLevel.MINOR


def _prefilled() -> dict[str, str]:
    """An empty form, or one with the text that is offered for an alert."""
    form = {"title": "", "message": "", "status": "investigating"}
    wanted = (request.args.get("alert"), request.args.get("subject", ""))
    for alert in current().overview.take().alerts if wanted[0] else ():
        if (alert.id, alert.subject) == wanted:
            return form | _of_alert(alert)
    return form


def _of_alert(alert: Alert) -> dict[str, str]:
    now = clock.now()
    with current().core.open_session() as session:
        stored = episodes.open_one(session, alert.id, alert.subject)
        row = stored or of_alert(alert, now=now)
        text = offers.offer(session, row, runbook=current().overview.runbook, now=now)
        episode = {} if stored is None else {"episode": str(stored.id)}
    return {"startedAt": forms.in_field(alert.since)} | text.model_dump() | episode


def _show(
    reference: str,
    *,
    form: dict[str, str] | None = None,
    errors: Errors | None = None,
    status: int = 200,
) -> Response:
    with current().core.open_session() as session:
        row = found(incidents.find(session, reference))
        shown = incidents.out(session, row)
        prepared = recoveries.prepared(session, row)
        filled = {"status": shown.status.value}
        if prepared is not None:
            filled = {"status": prepared.status.value, "message": prepared.message}
        prefix = current().core.settings.metrics_prefix
        return render.panel(
            "panel/incidents/one.html",
            status=status,
            incident=shown,
            components=components.listed(session),
            impacts=forms.impacts()
            if form
            else {one.component: one.state for one in shown.components},
            findings=findings.of_captures(session, row, prefix=prefix),
            has_retrospective=session.get(Retrospective, row.id) is not None,
            steps=list(Progress),
            states=STATES,
            categories=list(Category),
            errors=errors or {},
            form=form or filled,
            prepared=prepared,
        )


def _form(form: dict[str, str], *, status: int = 200, **context: Any) -> Response:
    with current().core.open_session() as session:
        parts = components.listed(session)
    return render.panel(
        "panel/incidents/form.html",
        status=status,
        form=form,
        components=parts,
        states=STATES,
        levels=list(ImpactLevel),
        steps=[one for one in Progress if one is not Progress.RESOLVED],
        all_audiences=forms.audiences(context["audiences"]),
        key=forms.new_key(),
        **({"errors": {}} | context),
    )
