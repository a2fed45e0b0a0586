"""Windows in the panel: the form with its preview, and acts from where a window is seen."""

from datetime import timedelta
from typing import Any, get_args

from flask import Blueprint, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from portal import clock, durations
from portal.board import banners
from portal.board.banners import Banner
from portal.errors import RuleError, found
from portal.status import components, freezes, windows
from portal.status.components import State
from portal.status.notices import NoticeKind
from portal.status.series import WindowSeries
from portal.status.windows import (
    Action,
    Effect,
    Window,
    WindowAct,
    WindowIn,
    WindowOut,
    WindowStatus,
    WindowTimes,
)
from portal.web import current, dates, render
from portal.web.panel import cards, forms, maintenance, preview, toasts, window_fields

blueprint = Blueprint("windows", __name__, url_prefix="/panel/windows")

NOW_TITLE = "Maintenance"
_EARLIER = 8


@blueprint.post("/now")
def start_now() -> Response:
    """A window from this moment; the form's key makes a double click one window."""
    try:
        length = durations.parse(request.form.get("duration", ""))
    except ValueError as error:
        raise RuleError("duration", str(error)) from None
    title = request.form.get("title") or NOW_TITLE
    new = forms.read(WindowIn, title=title, endsAt=clock.now() + length)
    forms.once(
        lambda by: current().status.windows.schedule(by, new), say=_say_of_new, can_undo=True
    )
    return _after_act()


@blueprint.post("/<ref>/act")
def act(ref: str) -> Response:
    asked = forms.read(
        WindowAct, action=request.form.get("action"), duration=request.form.get("duration") or None
    )
    with current().core.open_session() as session:
        shown = found(windows.find(session, ref))
        version, before = shown.version, WindowTimes.of(shown)
    row = current().status.windows.act(forms.by(can_undo=True), ref, asked)
    if asked.action is Action.APPROVE:
        # A word given is not taken back.
        toasts.say(_sentence(row))
    else:
        path = f"{blueprint.url_prefix}/{ref}/undo"
        toasts.say_of_change(_sentence(row), path, row, before, version=version)
    return _after_act()


@blueprint.post("/<ref>/undo")
def undo(ref: str) -> Response:
    """Take back the last act on a window, or a window that was just made."""
    note = toasts.posted(WindowTimes)
    toasts.say(f"Undone. {_sentence(current().status.windows.undo(note.by, ref, note.before))}")
    return _after_act()


@blueprint.get("/new")
def new() -> Response:
    if request.args.get("from"):
        return _duplicate(request.args["from"])
    start = clock.now().replace(second=0, microsecond=0) + timedelta(hours=1)
    form = {
        "title": "",
        "message": "",
        "zone": "UTC",
        "startsAt": forms.in_field(start),
        "endsAt": forms.in_field(start + timedelta(hours=1)),
    }
    return _form(form, audiences=["public"], channels=["web", "email", "api"], impacts={})


def _duplicate(ref: str) -> Response:
    """The form of a new window, filled in with another one's; its times begin an hour from now."""
    shown = _shown(ref)
    start = clock.now().replace(second=0, microsecond=0) + timedelta(hours=1)
    form = _content(shown) | {
        "startsAt": forms.in_field(start, shown.zone),
        "endsAt": forms.in_field(start + (shown.first_ends_at - shown.starts_at), shown.zone),
    }
    return _form(form, **_choices(shown))


@blueprint.post("/new")
def create() -> Response:
    """A window; with a rule in it the same form makes a series."""
    status = current().status
    return forms.submit(
        lambda by: (
            status.series.create(by, window_fields.series())
            if window_fields.rule()
            else status.windows.schedule(by, window_fields.window())
        ),
        then=maintenance.PATH,
        again=forms.shown_again(_form, impacts=window_fields.touched()),
        say=_say_of_new,
        is_new=True,
        can_undo=not window_fields.rule(),
    )


@blueprint.get("/<ref>")
def one(ref: str) -> Response:
    shown = _shown(ref)
    form = _content(shown) | {
        "startsAt": forms.in_field(shown.starts_at, shown.zone),
        "endsAt": forms.in_field(shown.ends_at, shown.zone),
    }
    return _form(form, ref=ref, version=shown.version, shown=shown, **_choices(shown))


def _content(shown: WindowOut) -> dict[str, str]:
    """What a form holds of a window, but for its times."""
    return {
        "title": shown.title,
        "message": shown.message,
        "zone": shown.zone,
        "owner": shown.owner,
        "impact": shown.impact,
        "rollbackPlan": shown.rollback_plan,
    } | forms.of_translations(shown.translations)


def _choices(shown: WindowOut) -> dict[str, Any]:
    return {
        "audiences": list(shown.audiences),
        "channels": list(shown.channels),
        "impacts": dict.fromkeys(shown.components, State.UNDER_MAINTENANCE.value) | shown.effects,
    }


@blueprint.post("/<ref>")
def edit(ref: str) -> Response:
    shown = _shown(ref)
    return forms.submit(
        lambda by: current().status.windows.edit(by, ref, window_fields.edited(shown)),
        then=maintenance.PATH,
        again=forms.shown_again(_form, ref, shown, impacts=window_fields.touched()),
        say=lambda row: toasts.say(f"Saved. {_sentence(row)}"),
    )


@blueprint.post("/preview")
def show_preview() -> Response:
    return preview.show(_preview, NoticeKind.WINDOW)


def _preview() -> tuple[Banner, dict[str, Any]]:
    now = clock.now()
    content = window_fields.window()
    row = Window(reference="preview", version=0, created_at=now)
    content.apply(row, now=now)
    with current().core.open_session() as session:
        row.id = _of_preview(request.form.get("ref", ""), session)
        context: dict[str, Any] = {
            "freezes": freezes.touching(session, row.starts_at, row.ends_at),
            "overlaps": windows.overlaps(session, [row], now=now).get(row.id, []),
            "components": content.components,
            "is_planned": True,
            "when": dates.span(row.starts_at, row.ends_at, row.zone),
        }
    if window_fields.rule():
        recurring = window_fields.series()
        recurring.check(now=now)
        context["coming"] = recurring.upcoming(now=now)
    return banners.of_window(row, now=now), context


def _after_act() -> Response:
    return cards.after_act(
        maintenance.PATH if request.form.get("from") == "maintenance" else "/panel"
    )


def _say_of_new(row: Window | WindowSeries) -> None:
    if isinstance(row, WindowSeries):
        toasts.say(f"{row.title} is planned.")
        return
    path = f"{blueprint.url_prefix}/{row.reference}/undo"
    toasts.say(_sentence(row), toasts.undo_of(path, row.version, None))


def _sentence(row: Window) -> str:
    """What is true of a window now."""
    match row.status_at(clock.now()):
        case WindowStatus.ACTIVE:
            end = dates.until_when(row.ends_at, row.starts_at, row.zone)
            return f"{row.title} runs until {end}."
        case WindowStatus.SCHEDULED:
            return f"{row.title} starts {dates.stamp(row.starts_at, row.zone)}."
        case WindowStatus.PROPOSED:
            return f"{row.title} waits for approval."
        case WindowStatus.CANCELLED:
            return f"{row.title} is cancelled."
        case _:
            return f"{row.title} has ended."


def _of_preview(ref: str, session: Session) -> int:
    """The number of the window that is edited, which does not overlap with itself."""
    row = windows.find(session, ref) if ref else None
    return row.id if row else 0


def _shown(ref: str) -> WindowOut:
    with current().core.open_session() as session:
        row = found(windows.find(session, ref))
        return windows.warned(session, row, now=clock.now())


def _form(form: dict[str, str], *, status: int = 200, **context: Any) -> Response:
    with current().core.open_session() as session:
        parts = components.listed(session)
        earlier = windows.latest(session, limit=_EARLIER) if not context.get("ref") else []
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
        earlier=earlier,
        key=forms.new_key(),
        zones=list(windows.zones().values()),
        all_audiences=forms.audiences(context["audiences"]),
        all_channels=forms.channels(context["channels"]),
        components=parts,
        states=[State.OPERATIONAL, State.UNDER_MAINTENANCE, *get_args(Effect)],
        **(defaults | context),
    )
