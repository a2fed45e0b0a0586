"""Monitors in the panel: the list, one with its chart and evidence, the form, and trying one."""

from typing import Any

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from portal import clock
from portal.errors import found
from portal.monitors import queries
from portal.monitors.charts import Period
from portal.monitors.kinds.table import TABLE
from portal.monitors.monitor import Kind, Monitor
from portal.monitors.schemas import Evidence, MonitorIn, MonitorOut
from portal.schemas import Before
from portal.status import components
from portal.unit_of_work import By
from portal.web import current, render
from portal.web.api.monitors import may_go_anywhere, tried
from portal.web.panel import forms, monitor_fields, monitor_pages, paging, toasts
from portal.web.problems import Errors, Problem

blueprint = Blueprint("monitors", __name__, url_prefix="/panel/monitors")

PATH = "/panel/monitors"


class PausedBefore(Before):
    """Whether it was paused."""

    is_paused: bool


@blueprint.get("")
def listing() -> Response:
    """The list, worst first; a state, a kind and words narrow it."""
    chosen = monitor_pages.Choice(
        state=request.args.get("state", ""),
        kind=request.args.get("kind", ""),
        words=request.args.get("q", "")[:100],
    )
    with current().core.open_session() as session:
        start = paging.offset()
        page = monitor_pages.listed(session, chosen, now=clock.now(), offset=start)
    return render.panel(
        "panel/monitors/list.html",
        page=page,
        chosen=chosen,
        kinds=TABLE,
        paged=paging.Section("offset", start, page.total),
    )


@blueprint.get("/new")
def new() -> Response:
    """An empty form of a kind."""
    kind = _kind(request.args.get("kind", Kind.HTTP))
    component = {"component": request.args.get("component", "")}
    return _form(kind, _COMMON | monitor_fields.filled(kind, None) | component)


@blueprint.post("")
def create() -> Response:
    """Make a monitor, and go to its page."""
    kind = _kind(request.form.get("kind", ""))

    def again(*, errors: Errors, status: int) -> Response:
        return _form(kind, forms.values(), errors=errors, status=status)

    return forms.submit(
        lambda by: current().monitors.acts.add(by, _posted(kind), is_free=may_go_anywhere()),
        say=lambda row: toasts.say(f"{row.name} is watched from now on."),
        then=f"{PATH}/{forms.text('slug')}",
        again=again,
    )


@blueprint.get("/<slug>")
def one(slug: str) -> Response:
    """One monitor: its chart, its states, the evidence of its last failure."""
    period = _period(request.args.get("period", Period.HOURS))
    with current().core.open_session() as session:
        row = found(queries.find(session, slug))
        page = monitor_pages.one(session, row, period, now=clock.now())
    return render.panel(
        "panel/monitors/one.html",
        page=page,
        one=page.shown,
        kinds=TABLE,
        external_url=current().core.settings.url,
    )


@blueprint.get("/<slug>/form")
def form(slug: str) -> Response:
    """The form of a monitor, filled in."""
    shown = _shown(slug)
    form = {**_common_of(shown), **monitor_fields.filled(shown.kind, shown)}
    return _form(shown.kind, form, shown=shown, version=shown.version)


@blueprint.post("/<slug>")
def edit(slug: str) -> Response:
    """Save a monitor."""
    shown = _shown(slug)

    def again(*, errors: Errors, status: int) -> Response:
        version = shown.version if status == 412 else forms.by().version
        return _form(
            shown.kind, forms.values(), shown=shown, version=version, errors=errors, status=status
        )

    return forms.submit(
        lambda by: current().monitors.acts.edit(
            by, slug, _posted(shown.kind, slug), is_free=may_go_anywhere()
        ),
        say=lambda row: toasts.say(f"{row.name} is saved."),
        then=f"{PATH}/{slug}",
        again=again,
    )


@blueprint.post("/<slug>/act")
def act(slug: str) -> Response:
    """Pause or resume."""
    action = request.form.get("action")
    if action not in ("pause", "resume"):
        raise Problem(422, "A monitor can be paused or resumed.")
    before = PausedBefore(is_paused=action == "resume")
    row = _paused(forms.by(), slug, is_paused=action == "pause")
    toasts.say(_sentence(row), toasts.undo_of(f"{PATH}/{slug}/undo", row.version, before))
    return redirect(f"{PATH}/{slug}", 303)


@blueprint.post("/<slug>/undo")
def undo(slug: str) -> Response:
    """Look at a monitor again, or no more, as it was before."""
    note = toasts.posted(PausedBefore)
    assert note.before is not None
    row = _paused(note.by, slug, is_paused=note.before.is_paused)
    toasts.say(f"Undone. {_sentence(row)}")
    return redirect(f"{PATH}/{slug}", 303)


def _paused(by: By, slug: str, *, is_paused: bool) -> Monitor:
    acts = current().monitors.acts
    return acts.pause(by, slug) if is_paused else acts.resume(by, slug)


def _sentence(row: Monitor) -> str:
    return f"{row.name} is {'paused' if row.is_paused else 'looked at again'}."


@blueprint.post("/<slug>/copies")
def duplicate(slug: str) -> Response:
    """A paused copy, with its form open."""
    with current().core.open_session() as session:
        as_slug = monitor_pages.free_slug(session, slug)
    row = current().monitors.acts.duplicate(
        forms.by(), slug, as_slug=as_slug, is_free=may_go_anywhere()
    )
    toasts.say(f"{row.name} is a paused copy. Save it, then resume it.")
    return redirect(f"{PATH}/{as_slug}/form", 303)


@blueprint.post("/<slug>/removal")
def remove(slug: str) -> Response:
    """Remove a monitor with what it measured."""
    if "sure" not in request.form:
        raise Problem(422, "Confirm that its history will be deleted too.")
    current().monitors.acts.remove(forms.by(), slug)
    toasts.say("The monitor and its history are deleted.")
    return redirect(PATH, 303)


@blueprint.post("/test")
def show_test() -> Response:
    """Look once as the form says: the result alone, or without JavaScript within the form."""
    kind = _kind(request.form.get("kind", ""))
    slug = forms.text("slug") or "untitled"
    evidence, errors = forms.attempt(lambda: tried(_posted(kind, slug)))
    if request.headers.get("HX-Request"):
        return render.panel("panel/monitors/tried.html", evidence=evidence, errors=errors)
    return _form(kind, forms.values(), errors=errors, evidence=evidence)


def _posted(kind: Kind, slug: str = "") -> MonitorIn:
    text = forms.text
    given: dict[str, Any] = {
        "slug": slug or text("slug"),
        "name": text("name") or slug,
        "kind": kind.value,
        "component": text("component") or None,
        "dependsOn": request.form.getlist("dependsOn"),
        "inverted": "inverted" in request.form,
        "showsLatency": "showsLatency" in request.form,
        **monitor_fields.values(kind),
    }
    for name in _NUMBERS_AND_WORDS:
        if text(name).strip():
            given[name] = text(name).strip()
    return forms.read(MonitorIn, **given)


_NUMBERS_AND_WORDS = (
    "intervalSeconds",
    "timeoutSeconds",
    "downAfter",
    "upAfter",
    "nodes",
    "quorum",
    "impact",
    "latencyLimitMs",
    "certificateDays",
)
_COMMON = {
    "intervalSeconds": "60",
    "timeoutSeconds": "10",
    "downAfter": "2 of 3",
    "upAfter": "1",
    "nodes": "any",
    "impact": "major_outage",
    "certificateDays": "14",
}


def _common_of(shown: MonitorOut) -> dict[str, str]:
    stored = shown.model_dump(mode="json", by_alias=True)
    names = ("slug", "name", "component", *_NUMBERS_AND_WORDS)
    return {
        **{name: "" if stored.get(name) is None else str(stored[name]) for name in names},
        "inverted": "on" if shown.inverted else "",
        "showsLatency": "on" if shown.shows_latency else "",
    }


def _kind(text: str) -> Kind:
    try:
        return Kind(text)
    except ValueError:
        raise Problem(404, "There is no such kind of monitor.") from None


def _period(text: str) -> Period:
    try:
        return Period(text)
    except ValueError:
        raise Problem(404, "There is no such period.") from None


def _shown(slug: str) -> MonitorOut:
    with current().core.open_session() as session:
        row = found(queries.find(session, slug))
        return current().monitors.shown.one(session, row, now=clock.now())


def _form(
    kind: Kind,
    form: dict[str, str],
    *,
    shown: MonitorOut | None = None,
    version: int | None = None,
    errors: Errors | None = None,
    evidence: Evidence | None = None,
    status: int = 200,
) -> Response:
    with current().core.open_session() as session:
        known = components.listed(session)
        others = [one for one in queries.every(session) if shown is None or one.slug != shown.slug]
    return render.panel(
        "panel/monitors/form.html",
        status=status,
        kind=kind,
        kinds=TABLE,
        fields_of_kind=monitor_fields.FIELDS[kind],
        form=form,
        one=shown,
        version=version,
        components=known,
        others=others,
        chosen=request.form.getlist("dependsOn") if request.form else (shown or _NOBODY).depends_on,
        evidence=evidence,
        errors=errors or {},
    )


class _Nobody:
    depends_on: tuple[str, ...] = ()


_NOBODY: Any = _Nobody()
