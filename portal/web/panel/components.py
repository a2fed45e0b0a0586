"""Components in the panel: the list, a form for each, states set by hand."""

from typing import Any

from flask import Blueprint, redirect, request
from pydantic import ValidationError
from werkzeug.wrappers import Response

from portal import web
from portal.status import components
from portal.status.components import ComponentIn, State, StateChange
from portal.status.registry import NotFoundError, StaleVersionError
from portal.status.terms import RuleError
from portal.web import access, problems, render
from portal.web.panel.registry import checked, form_version
from portal.web.problems import Errors, Problem

blueprint = Blueprint("components", __name__, url_prefix="/panel/components")


@blueprint.get("")
def listing() -> Response:
    return _list({})


@blueprint.post("")
def create() -> Response:
    wish, errors = _wish()
    if wish is not None:
        try:
            _inventory().add(wish, actor=access.caller().actor)
        except RuleError as error:
            errors = {error.field: [error.text]}
        else:
            return redirect("/panel/components", 303)
    return _list(dict(request.form), errors=errors, status=422)


@blueprint.route("/<slug>", methods=["GET", "POST"])
def edit(slug: str) -> Response:
    with web.current().core.open_session() as session:
        row = components.find(session, slug)
        if row is None:
            raise NotFoundError
        shown = components.out(row, None)
    if request.method == "GET":
        form = {
            "slug": shown.slug,
            "name": shown.name,
            "group": shown.group,
            "position": str(shown.position),
            "description": shown.description,
            "alerts": " ".join(shown.alerts),
            "since": str(shown.since),
            "isPublic": "on" if shown.is_public else "",
        }
        return _form(slug, form, shown.version)
    wish, errors = _wish(slug)
    if wish is not None:
        try:
            _inventory().edit(slug, wish, version=form_version(), actor=access.caller().actor)
        except RuleError as error:
            errors = {error.field: [error.text]}
        except StaleVersionError:
            errors = {"version": ["Someone else changed it meanwhile; saving again puts yours."]}
            return _form(slug, dict(request.form), shown.version, errors=errors, status=412)
        else:
            return redirect("/panel/components", 303)
    return _form(slug, dict(request.form), form_version(), errors=errors, status=422)


@blueprint.post("/<slug>/state")
def set_state(slug: str) -> Response:
    wish = checked(StateChange, {"state": request.form.get("state") or None})
    _inventory().set_state(slug, wish.state, version=form_version(), actor=access.caller().actor)
    return redirect("/panel/components", 303)


@blueprint.post("/<slug>/removal")
def remove(slug: str) -> Response:
    if "sure" not in request.form:
        raise Problem(422, "Say that its history may go with it.")
    _inventory().remove(slug, version=form_version(), actor=access.caller().actor)
    return redirect("/panel/components", 303)


def _wish(slug: str | None = None) -> tuple[ComponentIn | None, Errors]:
    values = {
        "slug": slug or request.form.get("slug", ""),
        "name": request.form.get("name", ""),
        "group": request.form.get("group", ""),
        "position": request.form.get("position") or "0",
        "description": request.form.get("description", ""),
        "isPublic": "isPublic" in request.form,
        "alerts": request.form.get("alerts", "").split(),
        "since": request.form.get("since") or None,
    }
    try:
        return ComponentIn.model_validate(values), {}
    except ValidationError as error:
        return None, problems.field_errors(error)


def _list(form: dict[str, str], *, errors: Errors | None = None, status: int = 200) -> Response:
    portal = web.current()
    with portal.core.open_session() as session:
        rows, by_hand = components.everyone(session), components.by_hand(session)
    answers = portal.board.current()
    now = {one.slug: one.state for one in answers.picture.components} if answers else {}
    return render.panel(
        "panel/components/list.html",
        status=status,
        components=[components.out(row, by_hand.get(row.id)) for row in rows],
        now_like=now,
        states=list(State),
        form=form or {"isPublic": "on"},
        errors=errors or {},
    )


def _form(
    slug: str,
    form: dict[str, str],
    version: int | None,
    *,
    errors: Errors | None = None,
    status: int = 200,
) -> Response:
    return render.panel(
        "panel/components/form.html",
        status=status,
        slug=slug,
        form=form,
        version=version,
        errors=errors or {},
    )


def _inventory() -> Any:
    return web.current().status.inventory
