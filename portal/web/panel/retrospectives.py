"""Retrospectives in the panel: one form, its actions as rows of a table."""

from typing import Any

from flask import Blueprint, request
from werkzeug.wrappers import Response

from portal.errors import RuleError, found
from portal.status import incidents, retrospectives
from portal.status.incidents import Category, IncidentOut
from portal.status.retrospectives import (
    ActionKind,
    Retrospective,
    RetrospectiveIn,
    RetrospectiveOut,
)
from portal.web import current, render
from portal.web.panel import forms, toasts
from portal.web.problems import Errors, Problem

blueprint = Blueprint(
    "retrospectives", __name__, url_prefix="/panel/incidents/<reference>/retrospective"
)

_EMPTY_ROWS = 3
_MOST_ROWS = 50


@blueprint.get("")
def one(reference: str) -> Response:
    incident, stored = _stored(reference)
    if stored is None:
        category = incident.root_cause_category
        form: dict[str, Any] = {"rootCauseCategory": category.value if category else ""}
    else:
        form = stored.model_dump(mode="json", by_alias=True)
    return _form(incident, stored, form)


@blueprint.post("")
def save(reference: str) -> Response:
    incident, stored = _stored(reference)

    def again(*, errors: Errors, status: int) -> Response:
        if status == 412:
            errors = {
                "version": ["Someone else saved this in the meantime. Your text is still below."]
            }
        form = {**forms.values(), "actions": _actions()}
        return _form(incident, stored, form, errors=errors, status=status)

    return forms.submit(
        lambda by: current().status.retrospectives.save(by, reference, _posted()),
        say=lambda _: toasts.say("The retrospective is saved."),
        then=f"/panel/incidents/{reference}",
        again=again,
    )


def _posted() -> RetrospectiveIn:
    return forms.read(
        RetrospectiveIn,
        rootCauseCategory=request.form.get("rootCauseCategory"),
        rootCause=forms.text("rootCause"),
        impact=forms.text("impact"),
        published="published" in request.form,
        actions=[row for row in _actions() if row["text"]],
    )


def _actions() -> list[dict[str, Any]]:
    """The rows of actions as the form has them, the empty ones too."""
    count = request.form.get("rows", "")
    if not (count.isascii() and count.isdigit() and len(count) <= 2 and int(count) <= _MOST_ROWS):
        raise Problem(400, "The form is incomplete. Reload the page.")
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


def _stored(reference: str) -> tuple[IncidentOut, RetrospectiveOut | None]:
    with current().core.open_session() as session:
        row = found(incidents.find(session, reference))
        if row.resolved_at is None:
            raise RuleError(
                "reference", "A retrospective can be written only for a resolved incident."
            )
        stored = session.get(Retrospective, row.id)
        return (
            incidents.out(session, row),
            retrospectives.out(stored, row.reference) if stored else None,
        )


def _form(
    incident: IncidentOut,
    stored: RetrospectiveOut | None,
    form: dict[str, Any],
    *,
    errors: Errors | None = None,
    status: int = 200,
) -> Response:
    filled = [row for row in form.get("actions", []) if row["text"]]
    empty = {"kind": "alert", "text": "", "owner": "", "dueAt": "", "done": False}
    return render.panel(
        "panel/retrospectives/form.html",
        status=status,
        incident=incident,
        form=form,
        rows=(filled + [empty] * _EMPTY_ROWS)[:_MOST_ROWS],
        version=stored.version if stored else "",
        categories=list(Category),
        kinds=list(ActionKind),
        errors=errors or {},
    )
