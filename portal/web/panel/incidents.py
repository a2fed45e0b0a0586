"""Incidents in the panel: list, form, the incident's own page, its retrospective."""

import uuid
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, redirect, request
from pydantic import ValidationError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from portal import clock, web
from portal.runtime import episodes, exports, offers, recoveries
from portal.status import components, findings, incidents, retrospectives
from portal.status.components import State
from portal.status.incidents import (
    Category,
    ImpactLevel,
    Incident,
    IncidentIn,
    NoteIn,
    Progress,
    UpdateIn,
)
from portal.status.registry import NotFoundError, StaleVersionError
from portal.status.retrospectives import ActionKind, Retrospective, RetrospectiveIn
from portal.status.terms import Audience, RuleError
from portal.web import access, problems, render
from portal.web.panel.registry import checked, form_version, once
from portal.web.problems import Errors, Problem

blueprint = Blueprint("incidents", __name__, url_prefix="/panel/incidents")

_LISTED = 50
_EMPTY_ROWS = 3
_MOST_ROWS = 50


@blueprint.get("")
def listing() -> Response:
    now = clock.now()
    with _open_session() as session:
        rows, total = incidents.page(session, limit=_LISTED, offset=0)
        impacts = incidents.impacts_of(session, [row.id for row in rows])
        return render.panel(
            "panel/incidents/list.html",
            incidents=rows,
            impacts=impacts,
            total=total,
            overdue=retrospectives.overdue(session, today=now.date()),
        )


@blueprint.route("/new", methods=["GET", "POST"])
def new() -> Response:
    if request.method == "GET":
        return _form(_prefilled(), impacts={})
    wish, errors = _wish()
    if wish is not None:
        made: list[str] = []

        def open_it(key: Any) -> None:
            made.append(_casebook().open(wish, actor=access.caller().actor, once=key).reference)

        try:
            once(request.form.get("key", ""), wish.model_dump_json(), open_it)
        except RuleError as error:
            errors = {error.field: [error.text]}
        else:
            return redirect(f"/panel/incidents/{made[0]}" if made else "/panel/incidents", 303)
    return _form(dict(request.form), impacts=_impacts(), errors=errors, status=422)


@blueprint.get("/<reference>")
def one(reference: str) -> Response:
    return _show(reference)


@blueprint.post("/<reference>/updates")
def update(reference: str) -> Response:
    """A public update; a stale form keeps its text beside what was told meanwhile."""
    errors: Errors = {}
    values: dict[str, Any] = {
        "status": request.form.get("status"),
        "message": request.form.get("message", "").replace("\r\n", "\n"),
        "nextUpdateAt": _instant("nextUpdateAt", errors),
        "rootCauseCategory": request.form.get("rootCauseCategory") or None,
    }
    if request.form.get("status") != Progress.RESOLVED:
        values["components"] = _impact_list(_impacts())
    try:
        wish = UpdateIn.model_validate(values)
        if not errors:
            _casebook().update(reference, wish, version=form_version(), actor=access.caller().actor)
            return redirect(f"/panel/incidents/{reference}", 303)
    except ValidationError as error:
        errors = problems.field_errors(error) | errors
    except RuleError as error:
        errors = {error.field: [error.text]}
    except StaleVersionError:
        errors = {
            "version": ["Someone else told something meanwhile; read it, then send yours again."]
        }
        return _show(reference, errors=errors, form=dict(request.form), status=412)
    return _show(reference, errors=errors, form=dict(request.form), status=422)


@blueprint.post("/<reference>/notes")
def note(reference: str) -> Response:
    wish = checked(NoteIn, {"message": request.form.get("note", "").replace("\r\n", "\n")})
    _casebook().note(reference, wish, actor=access.caller().actor)
    return redirect(f"/panel/incidents/{reference}#notes", 303)


@blueprint.post("/<reference>/acknowledgement")
def acknowledge(reference: str) -> Response:
    _casebook().acknowledge(reference, version=None, actor=access.caller().actor)
    return redirect(f"/panel/incidents/{reference}", 303)


@blueprint.post("/<reference>/captures")
def capture(reference: str) -> Response:
    portal = web.current()
    portal.status.casebook.capture(
        reference, exports.to_json(portal.overview.take()).decode(), actor=access.caller().actor
    )
    return redirect(f"/panel/incidents/{reference}#captures", 303)


@blueprint.route("/<reference>/retrospective", methods=["GET", "POST"])
def retrospective(reference: str) -> Response:
    with _open_session() as session:
        row = _found(session, reference)
        kept = session.get(Retrospective, row.id)
        shown = incidents.out(session, row)
        stored = retrospectives.out(kept, row.reference) if kept else None
    if shown.resolved_at is None:
        raise RuleError("reference", "A retrospective follows when the incident is resolved.")
    if request.method == "GET":
        return _retrospective_form(shown, stored, _stored_form(shown, stored))
    values = {
        "rootCauseCategory": request.form.get("rootCauseCategory"),
        "rootCause": request.form.get("rootCause", "").replace("\r\n", "\n"),
        "impact": request.form.get("impact", "").replace("\r\n", "\n"),
        "published": "published" in request.form,
        "actions": [row for row in _action_rows() if row["text"]],
    }
    form = {**dict(request.form), "actions": _action_rows()}
    try:
        wish = RetrospectiveIn.model_validate(values)
        _casebook().keep_retrospective(
            reference, wish, version=form_version(), actor=access.caller().actor
        )
    except ValidationError as error:
        errors = problems.field_errors(error)
        return _retrospective_form(shown, stored, form, errors=errors, status=422)
    except StaleVersionError:
        errors = {"version": ["Someone else saved it meanwhile; your text is still below."]}
        return _retrospective_form(shown, stored, form, errors=errors, status=412)
    return redirect(f"/panel/incidents/{reference}", 303)


def _show(
    reference: str, *, errors: Errors | None = None, form: Any = None, status: int = 200
) -> Response:
    prefix = web.current().core.settings.metrics_prefix
    with _open_session() as session:
        row = _found(session, reference)
        shown = incidents.out(session, row)
        prepared = recoveries.prepared(session, row)
        filled = {"status": shown.status.value}
        if prepared is not None:
            filled = {"status": prepared.status.value, "message": prepared.message}
        return render.panel(
            "panel/incidents/one.html",
            status=status,
            incident=shown,
            parts=components.everyone(session),
            impacts=_impacts() if form else {one.component: one.state for one in shown.components},
            findings=findings.of_captures(session, row, prefix=prefix),
            has_retrospective=session.get(Retrospective, row.id) is not None,
            steps=list(Progress),
            states=[state for state in State if state is not State.UNDER_MAINTENANCE],
            categories=list(Category),
            errors=errors or {},
            form=form or filled,
            prepared=prepared,
        )


def _prefilled() -> dict[str, str]:
    """An empty form, or one from the `operations` template with an alert's figures."""
    form = {"title": "", "message": "", "impact": "minor", "status": "investigating"}
    wanted = request.args.get("alert")
    if wanted is None:
        return form
    subject = request.args.get("subject", "")
    portal = web.current()
    held = [
        one for one in portal.overview.take().alerts if (one.id, one.subject) == (wanted, subject)
    ]
    if not held:
        return form
    alert = held[0]
    with _open_session() as session:
        text = offers.offer(
            session,
            title=alert.title,
            severity=alert.severity,
            since=alert.since,
            figure=offers.figure_of(alert.value, alert.unit, alert.threshold),
            impact=offers.OPEN,
            runbook=portal.overview.runbook,
            now=clock.now(),
        )
        if text is not None:
            form |= {"title": text.title, "message": text.message}
        episode = episodes.open_one(session, alert.id, alert.subject)
        if episode is not None:
            form["episode"] = str(episode.id)
    form["startedAt"] = f"{alert.since.astimezone(UTC):%Y-%m-%dT%H:%M}"
    return form


def _wish() -> tuple[IncidentIn | None, Errors]:
    errors: Errors = {}
    values = {
        "title": request.form.get("title", ""),
        "impact": request.form.get("impact"),
        "status": request.form.get("status"),
        "message": request.form.get("message", "").replace("\r\n", "\n"),
        "components": _impact_list(_impacts()),
        "audiences": request.form.getlist("audiences"),
        "startedAt": _instant("startedAt", errors),
        "nextUpdateAt": _instant("nextUpdateAt", errors),
        "links": [{"kind": "episode", "ref": one} for one in request.form.getlist("episode")],
    }
    try:
        wish = IncidentIn.model_validate(values)
    except ValidationError as error:
        return None, problems.field_errors(error) | errors
    return (None if errors else wish), errors


def _impacts() -> dict[str, str]:
    """What the form says of each component; unknown words are the model's to refuse."""
    return {
        name.removeprefix("impact-"): value
        for name, value in request.form.items()
        if name.startswith("impact-") and value
    }


def _impact_list(impacts: dict[str, str]) -> list[dict[str, str]]:
    return [
        {"component": slug, "state": state}
        for slug, state in impacts.items()
        if state != State.OPERATIONAL
    ]


def _instant(field: str, errors: Errors) -> datetime | None:
    text = request.form.get(field, "").strip()
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        errors[field] = ["Write a date and a time, for instance 2030-01-31T22:00."]
        return None


def _form(
    form: dict[str, str],
    *,
    impacts: dict[str, str],
    errors: Errors | None = None,
    status: int = 200,
) -> Response:
    with _open_session() as session:
        parts = components.everyone(session)
    return render.panel(
        "panel/incidents/form.html",
        status=status,
        form=form,
        errors=errors or {},
        impacts=impacts,
        parts=parts,
        states=[state for state in State if state is not State.UNDER_MAINTENANCE],
        levels=list(ImpactLevel),
        steps=[one for one in Progress if one is not Progress.RESOLVED],
        all_audiences=list(Audience),
        audiences=request.form.getlist("audiences") or ["public"],
        key=request.form.get("key") or str(uuid.uuid4()),
    )


def _action_rows() -> list[dict[str, Any]]:
    """The rows of actions as the form has them, the empty ones too."""
    count = request.form.get("rows", "")
    if not (count.isascii() and count.isdigit() and int(count[:4]) <= _MOST_ROWS):
        raise Problem(400, "The form is not whole; reload the page.")
    return [
        {
            "kind": request.form.get(f"kind-{number}", "other"),
            "text": request.form.get(f"text-{number}", "").strip(),
            "owner": request.form.get(f"owner-{number}", "").strip(),
            "dueAt": request.form.get(f"due-{number}") or None,
            "done": f"done-{number}" in request.form,
        }
        for number in range(int(count))
    ]


def _stored_form(
    shown: incidents.IncidentOut, stored: retrospectives.RetrospectiveOut | None
) -> dict[str, Any]:
    if stored is None:
        category = shown.root_cause_category
        return {"rootCauseCategory": category.value if category else "", "actions": []}
    return {
        "rootCauseCategory": stored.root_cause_category.value,
        "rootCause": stored.root_cause,
        "impact": stored.impact,
        "published": stored.published,
        "actions": [one.model_dump(mode="json", by_alias=True) for one in stored.actions],
    }


def _retrospective_form(
    shown: incidents.IncidentOut,
    stored: retrospectives.RetrospectiveOut | None,
    form: dict[str, Any],
    *,
    errors: Errors | None = None,
    status: int = 200,
) -> Response:
    filled = [row for row in form["actions"] if row["text"]]
    empty = {"kind": "alert", "text": "", "owner": "", "dueAt": "", "done": False}
    return render.panel(
        "panel/incidents/retrospective.html",
        status=status,
        incident=shown,
        form=form,
        rows=(filled + [empty] * _EMPTY_ROWS)[:_MOST_ROWS],
        version=stored.version if stored else "",
        categories=list(Category),
        kinds=list(ActionKind),
        errors=errors or {},
    )


def _casebook() -> Any:
    return web.current().status.casebook


def _open_session() -> Session:
    session: Session = web.current().core.open_session()
    return session


def _found(session: Session, reference: str) -> Incident:
    row = incidents.find(session, reference)
    if row is None:
        raise NotFoundError
    return row
