"""Components in the panel: the list, a form for each, states set by hand."""

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from portal.errors import found
from portal.schemas import Before
from portal.status import components, slugs
from portal.status.components import Component, ComponentIn, ComponentOut, State, StateChange
from portal.web import current, render
from portal.web.panel import filters, forms, paging, toasts
from portal.web.problems import Errors, Problem

blueprint = Blueprint("components", __name__, url_prefix="/panel/components")

PATH = "/panel/components"


class StateBefore(Before):
    """The state that was set by hand; None where none was."""

    state: State | None


@blueprint.get("")
def listing() -> Response:
    return _list({"isPublic": "on"})


@blueprint.post("")
def create() -> Response:
    def again(*, errors: Errors, status: int) -> Response:
        return _list(forms.values(), errors=errors, status=status)

    return forms.submit(
        lambda by: current().status.components.add(by, _posted(forms.text("slug") or _slug())),
        say=lambda row: toasts.say(f"{row.name} is added."),
        then=PATH,
        again=again,
    )


@blueprint.get("/<slug>")
def one(slug: str) -> Response:
    shown = _shown(slug)
    form = {
        "slug": shown.slug,
        "name": shown.name,
        "group": shown.group,
        "position": str(shown.position),
        "description": shown.description,
        "alerts": "\n".join(shown.alerts),
        "since": str(shown.since),
        "isPublic": "on" if shown.is_public else "",
    }
    return _form(slug, form, shown.version)


@blueprint.post("/<slug>")
def edit(slug: str) -> Response:
    shown = _shown(slug)

    def again(*, errors: Errors, status: int) -> Response:
        version = shown.version if status == 412 else forms.by().version
        return _form(slug, forms.values(), version, errors=errors, status=status)

    return forms.submit(
        lambda by: current().status.components.edit(by, slug, _posted(slug)),
        say=lambda row: toasts.say(f"{row.name} is saved."),
        then=PATH,
        again=again,
    )


@blueprint.post("/<slug>/state")
def set_state(slug: str) -> Response:
    asked = forms.read(StateChange, state=request.form.get("state") or None)
    with current().core.open_session() as session:
        shown = found(components.find(session, slug))
        version = shown.version
        before = StateBefore(state=components.by_hand(session).get(shown.id))
    row = current().status.components.set_state(forms.by(), slug, asked.state)
    path = f"{PATH}/{slug}/undo"
    toasts.say_of_change(_sentence(row, asked.state), path, row, before, version=version)
    return redirect(PATH, 303)


@blueprint.post("/<slug>/undo")
def undo(slug: str) -> Response:
    """Give a component the state that it had before it was set by hand."""
    note = toasts.posted(StateBefore)
    assert note.before is not None
    row = current().status.components.set_state(note.by, slug, note.before.state)
    toasts.say(f"Undone. {_sentence(row, note.before.state)}")
    return redirect(PATH, 303)


@blueprint.post("/<slug>/removal")
def remove(slug: str) -> Response:
    if "sure" not in request.form:
        raise Problem(422, "Confirm that its history will be deleted too.")
    current().status.components.remove(forms.by(), slug)
    toasts.say("The component and its history are deleted.")
    return redirect(PATH, 303)


def _sentence(row: Component, state: State | None) -> str:
    """What is true of a component's state now."""
    if state is None:
        return f"The state of {row.name} is automatic."
    return f"{row.name} is set to {state.value.replace('_', ' ')}."


def _slug() -> str:
    """A short name from the name, where none was given."""
    with current().core.open_session() as session:
        wanted = slugs.stem(forms.text("name"), otherwise="component")
        return slugs.free(session, Component.slug, wanted)


def _posted(slug: str) -> ComponentIn:
    return forms.read(
        ComponentIn,
        slug=slug,
        name=forms.text("name"),
        group=forms.text("group"),
        position=request.form.get("position") or "0",
        description=forms.text("description"),
        isPublic="isPublic" in request.form,
        alerts=[line.strip() for line in forms.text("alerts").split("\n") if line.strip()],
        since=request.form.get("since") or None,
    )


def _shown(slug: str) -> ComponentOut:
    with current().core.open_session() as session:
        row = found(components.find(session, slug))
        return components.out(row, None)


def _list(form: dict[str, str], *, errors: Errors | None = None, status: int = 200) -> Response:
    with current().core.open_session() as session:
        every, by_hand = components.listed(session), components.by_hand(session)
    asked, start = filters.asked(), paging.offset()
    words = asked.choice.text.casefold()
    rows = [row for row in every if words in f"{row.name} {row.slug} {row.group_name}".casefold()]
    total, rows = len(rows), rows[start : start + paging.LIMIT]
    answers = current().board.current()
    now = {one.slug: one.state for one in answers.picture.components} if answers else {}
    return render.panel(
        "panel/components/list.html",
        status=status,
        components=[components.out(row, by_hand.get(row.id)) for row in rows],
        asked=asked,
        paged=paging.Section("offset", start, total),
        state_now=now,
        states=list(State),
        form=form,
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
