"""Windows in the panel: the form with its preview, and acts from where a window is seen."""

from datetime import datetime, timedelta
from typing import Any, TypeVar, get_args

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from portal import clock, durations
from portal.board import banners
from portal.board.banners import Banner
from portal.errors import RuleError, found
from portal.status import components, freezes, windows
from portal.status.components import State
from portal.status.notices import NoticeKind
from portal.status.series import SeriesIn
from portal.status.windows import Effect, PlanIn, Window, WindowAct, WindowIn, WindowOut
from portal.web import current, render
from portal.web.panel import cards, forms, maintenance, preview

Plan = TypeVar("Plan", bound=PlanIn)

blueprint = Blueprint("windows", __name__, url_prefix="/panel/windows")

NOW_TITLE = "Maintenance"


@blueprint.post("/now")
def start_now() -> Response:
    """A window from this moment; the form's key makes a double click one window."""
    try:
        length = durations.parse(request.form.get("duration", ""))
    except ValueError as error:
        raise RuleError("duration", str(error)) from None
    title = request.form.get("title") or NOW_TITLE
    new = forms.read(WindowIn, title=title, endsAt=clock.now() + length)
    forms.once(lambda by: current().status.windows.schedule(by, new))
    return _after_act()


@blueprint.post("/<ref>/act")
def act(ref: str) -> Response:
    asked = forms.read(
        WindowAct, action=request.form.get("action"), duration=request.form.get("duration") or None
    )
    current().status.windows.act(forms.by(), ref, asked)
    return _after_act()


@blueprint.get("/new")
def new() -> Response:
    start = clock.now().replace(second=0, microsecond=0) + timedelta(hours=1)
    form = {
        "title": "",
        "message": "",
        "zone": "UTC",
        "startsAt": forms.in_field(start),
        "endsAt": forms.in_field(start + timedelta(hours=1)),
    }
    return _form(form, audiences=["public"], channels=["web", "email", "api"], impacts={})


@blueprint.post("/new")
def create() -> Response:
    """A window; with a rule in it the same form makes a series."""
    status = current().status
    return forms.submit(
        lambda by: (
            status.series.create(by, _posted_series())
            if _rule()
            else status.windows.schedule(by, _posted(WindowIn))
        ),
        then=maintenance.PATH,
        again=forms.shown_again(_form, impacts=_touched()),
        is_new=True,
    )


@blueprint.get("/<ref>")
def one(ref: str) -> Response:
    shown = _shown(ref)
    form = {
        "title": shown.title,
        "message": shown.message,
        "zone": shown.zone,
        "startsAt": forms.in_field(shown.starts_at, shown.zone),
        "endsAt": forms.in_field(shown.ends_at, shown.zone),
        "owner": shown.owner,
        "impact": shown.impact,
        "rollbackPlan": shown.rollback_plan,
    }
    return _form(
        form,
        ref=ref,
        version=shown.version,
        shown=shown,
        audiences=list(shown.audiences),
        channels=list(shown.channels),
        impacts=dict.fromkeys(shown.components, State.UNDER_MAINTENANCE.value) | shown.effects,
    )


@blueprint.post("/<ref>")
def edit(ref: str) -> Response:
    shown = _shown(ref)
    return forms.submit(
        lambda by: current().status.windows.edit(by, ref, _edited(shown)),
        then=maintenance.PATH,
        again=forms.shown_again(_form, ref, shown, impacts=_touched()),
    )


@blueprint.post("/preview")
def show_preview() -> Response:
    return preview.show(_preview, NoticeKind.WINDOW)


def _preview() -> tuple[Banner, dict[str, Any]]:
    now = clock.now()
    content = _posted(WindowIn)
    row = Window(reference="preview", version=0, created_at=now)
    content.apply(row, now=now)
    with current().core.open_session() as session:
        touched = freezes.touching(session, row.starts_at, row.ends_at)
    context: dict[str, Any] = {"freezes": touched, "components": content.components}
    if _rule():
        recurring = _posted_series()
        recurring.check(now=now)
        context["coming"] = recurring.upcoming(now=now)
    return banners.of_window(row, now=now), context


def _after_act() -> Response:
    """HTMX gets the maintenance card as it is now, a plain form its page."""
    if request.headers.get("HX-Request"):
        return cards.show("maintenance")
    return redirect(
        maintenance.PATH if request.form.get("from") == "maintenance" else "/panel", 303
    )


def _rule() -> str:
    return request.form.get("recurrence", "").strip()


def _posted(model: type[Plan], **more: str) -> Plan:
    zone = request.form.get("zone", "")
    touched = _touched()
    return forms.read(
        model,
        title=forms.text("title"),
        message=forms.text("message"),
        zone=zone,
        audiences=request.form.getlist("audiences"),
        channels=request.form.getlist("channels"),
        components=list(touched),
        effects={
            slug: state for slug, state in touched.items() if state != State.UNDER_MAINTENANCE
        },
        owner=forms.text("owner"),
        impact=forms.text("impact"),
        rollbackPlan=forms.text("rollbackPlan"),
        startsAt=forms.instant("startsAt", zone),
        endsAt=forms.instant("endsAt", zone),
        **more,
    )


def _posted_series() -> SeriesIn:
    content = _posted(SeriesIn, recurrence=_rule())
    first, last = forms.clock_time("startsAt"), forms.clock_time("endsAt")
    if isinstance(first, datetime) and isinstance(last, datetime):
        if first.tzinfo is None and last.tzinfo is None:
            content.on_the_clock(first, last)
    return content


def _edited(shown: WindowOut) -> WindowIn:
    content = _posted(WindowIn)
    if content.zone == shown.zone:
        forms.keep_untouched(content, shown, shown.zone)
    return content


def _touched() -> dict[str, str]:
    """The components that the window touches, with what is left of each."""
    return {slug: state for slug, state in forms.impacts().items() if state != State.OPERATIONAL}


def _shown(ref: str) -> WindowOut:
    with current().core.open_session() as session:
        row = found(windows.find(session, ref))
        return windows.warned(session, row, now=clock.now())


def _form(form: dict[str, str], *, status: int = 200, **context: Any) -> Response:
    with current().core.open_session() as session:
        parts = components.listed(session)
    defaults: dict[str, Any] = {
        "errors": {},
        "ref": None,
        "version": None,
        "shown": None,
        "conflict": None,
    }
    return render.panel(
        "panel/windows/form.html",
        status=status,
        form=form,
        key=forms.new_key(),
        zones=list(windows.zones().values()),
        all_audiences=forms.audiences(context["audiences"]),
        all_channels=forms.channels(context["channels"]),
        components=parts,
        states=[State.OPERATIONAL, State.UNDER_MAINTENANCE, *get_args(Effect)],
        **(defaults | context),
    )
