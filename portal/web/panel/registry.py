"""Windows and announcements in the panel: lists, forms with live preview, acts."""

import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo, available_timezones

from flask import Blueprint, redirect, request
from pydantic import ValidationError
from werkzeug.wrappers import Response

from portal import clock, durations, web
from portal.board import banners
from portal.board.picture import MOST_OF_SERIES
from portal.notify import subscribers
from portal.status import announcements, components, freezes, series, windows
from portal.status.announcements import Announcement, AnnouncementIn, StatusChange
from portal.status.components import State
from portal.status.freezes import FreezeIn
from portal.status.notices import SENT, Notice, NoticeKind
from portal.status.registry import NotFoundError, Once, Registry, StaleVersionError
from portal.status.series import Occurrence, SeriesIn
from portal.status.terms import Audience, Channel, RuleError, Severity, Status
from portal.status.windows import Effect, PlanIn, Window, WindowAct, WindowIn, WindowStatus
from portal.web import access, problems, render
from portal.web.panel import cards
from portal.web.problems import Errors, Problem

blueprint = Blueprint("registry", __name__, url_prefix="/panel")

NOW_TITLE = "Maintenance"
_LISTED = 50


@blueprint.get("/maintenance")
def listing() -> Response:
    return _listing()


def _listing(errors: Errors | None = None) -> Response:
    now = clock.now()
    with web.current().core.open_session() as session:
        planned, _ = windows.page(session, limit=_LISTED, offset=0)
        said, _ = announcements.page(session, limit=_LISTED, offset=0)
        again, _ = series.page(session, limit=_LISTED, offset=0)
        return render.panel(
            "panel/maintenance/list.html",
            windows=[windows.warned(session, row, now=now) for row in _in_order(planned, now)],
            freezes=[freezes.out(row) for row in freezes.coming(session, now=now)],
            errors=errors or {},
            form=request.form if errors else {},
            status=422 if errors else 200,
            announcements=[announcements.out(row, now=now) for row in said],
            series=[series.out(row, now=now) for row in again if row.cancelled_at is None],
        )


@blueprint.post("/freezes")
def freeze_add() -> Response:
    """A time to keep free, in UTC."""
    errors: Errors = {}
    values = {
        "title": request.form.get("freezeTitle", ""),
        "startsAt": _instant("freezeStartsAt", "UTC", errors),
        "endsAt": _instant("freezeEndsAt", "UTC", errors),
    }
    wish, errors = _wish(FreezeIn, values, errors)
    if wish is not None:
        try:
            _registry().add_freeze(wish, actor=access.caller().actor)
        except RuleError as error:
            errors = {error.field: [error.text]}
    if errors:
        return _listing(errors)
    return redirect("/panel/maintenance#freezes", 303)


@blueprint.post("/freezes/<int(max=2147483647):number>/removal")
def freeze_remove(number: int) -> Response:
    _registry().remove_freeze(number, actor=access.caller().actor)
    return redirect("/panel/maintenance#freezes", 303)


@blueprint.post("/series/<ref>/approval")
def series_approve(ref: str) -> Response:
    """The second pair of eyes for a series."""
    _registry().approve_series(ref, version=form_version(), actor=access.caller().actor)
    return redirect("/panel/maintenance", 303)


def _in_order(rows: list[Window], now: datetime) -> list[Window]:
    """What runs, what comes (of a series the next two), what is over, the latest first."""
    by_status: dict[WindowStatus, list[Window]] = {}
    for row in sorted(rows, key=lambda one: one.starts_at):
        by_status.setdefault(row.status_at(now), []).append(row)
    shown: Counter[int] = Counter()
    coming = []
    for row in by_status.get(WindowStatus.SCHEDULED, []):
        if row.series_id is not None:
            shown[row.series_id] += 1
            if shown[row.series_id] > MOST_OF_SERIES:
                continue
        coming.append(row)
    over = by_status.get(WindowStatus.ENDED, []) + by_status.get(WindowStatus.CANCELLED, [])
    over.sort(key=lambda one: one.starts_at, reverse=True)
    return (
        by_status.get(WindowStatus.ACTIVE, [])
        + by_status.get(WindowStatus.PROPOSED, [])
        + coming
        + over
    )


@blueprint.post("/windows/now")
def window_now() -> Response:
    """A window from this moment; the form's key makes a double click one window."""
    try:
        length = durations.parse(request.form.get("duration", ""))
    except ValueError as error:
        raise RuleError("duration", str(error)) from None
    wish = checked(
        WindowIn, {"title": request.form.get("title") or NOW_TITLE, "endsAt": clock.now() + length}
    )
    key = request.form.get("key", "")
    if not 8 <= len(key) <= 100:
        raise Problem(400, "The form's key is missing; reload the page.")
    once(
        key,
        f"now {length}",
        lambda key: _registry().open_window(wish, actor=access.caller().actor, once=key),
    )
    return _after_act()


@blueprint.post("/windows/<ref>/act")
def window_act(ref: str) -> Response:
    wish = checked(
        WindowAct,
        {"action": request.form.get("action"), "duration": request.form.get("duration") or None},
    )
    _registry().act_on_window(ref, wish, version=form_version(), actor=access.caller().actor)
    return _after_act()


@blueprint.route("/windows/new", methods=["GET", "POST"])
def window_new() -> Response:
    if request.method == "GET":
        now = clock.now().replace(second=0, microsecond=0)
        start = now + timedelta(hours=1)
        form = {
            "title": "",
            "message": "",
            "zone": "UTC",
            "startsAt": f"{start:%Y-%m-%dT%H:%M}",
            "endsAt": f"{start + timedelta(hours=1):%Y-%m-%dT%H:%M}",
        }
        return _window_form(form, audiences=["public"], channels=["web", "email", "api"])
    # With a rule in it the same form makes a window that comes again.
    rule = request.form.get("recurrence", "").strip()
    wish, errors = _window_wish(SeriesIn, recurrence=rule) if rule else _window_wish()
    if wish is not None:
        open_it: Any = _registry().open_series if rule else _registry().open_window
        try:
            once(
                request.form.get("key", ""),
                wish.model_dump_json(),
                lambda key: open_it(wish, actor=access.caller().actor, once=key),
            )
        except RuleError as error:
            errors = {error.field: [error.text]}
        else:
            return redirect("/panel/maintenance", 303)
    return _window_form(_posted(), errors=errors, status=422)


@blueprint.post("/series/<ref>/cancel")
def series_cancel(ref: str) -> Response:
    """Call off a series with all of its windows that have not begun."""
    _registry().cancel_series(ref, version=form_version(), actor=access.caller().actor)
    return redirect("/panel/maintenance", 303)


@blueprint.route("/windows/<ref>", methods=["GET", "POST"])
def window_edit(ref: str) -> Response:
    now = clock.now()
    with web.current().core.open_session() as session:
        row = windows.find(session, ref)
        if row is None:
            raise NotFoundError
        shown = windows.warned(session, row, now=now)
    if request.method == "GET":
        form = {
            "title": shown.title,
            "message": shown.message,
            "zone": shown.zone,
            "startsAt": f"{windows.local(shown.starts_at, shown.zone):%Y-%m-%dT%H:%M}",
            "endsAt": f"{windows.local(shown.ends_at, shown.zone):%Y-%m-%dT%H:%M}",
            "owner": shown.owner,
            "impact": shown.impact,
            "rollbackPlan": shown.rollback_plan,
        }
        return _window_form(
            form,
            audiences=list(shown.audiences),
            channels=list(shown.channels),
            impacts=dict.fromkeys(shown.components, "under_maintenance") | shown.effects,
            ref=ref,
            version=shown.version,
            shown=shown,
        )
    wish, errors = _window_wish()
    if wish is None:
        return _window_form(_posted(), errors=errors, ref=ref, version=form_version(), status=422)
    # The form has minutes; a start or end left as it was keeps its seconds.
    if wish.starts_at == shown.starts_at.replace(second=0, microsecond=0):
        wish.starts_at = shown.starts_at
    if wish.ends_at == shown.ends_at.replace(second=0, microsecond=0):
        wish.ends_at = shown.ends_at
    try:
        _registry().edit_window(ref, wish, version=form_version(), actor=access.caller().actor)
    except RuleError as error:
        return _window_form(
            _posted(),
            errors={error.field: [error.text]},
            ref=ref,
            version=form_version(),
            status=422,
        )
    except StaleVersionError:
        return _window_form(_posted(), ref=ref, version=shown.version, theirs=shown, status=412)
    return redirect("/panel/maintenance", 303)


@blueprint.route("/announcements/new", methods=["GET", "POST"])
def announcement_new() -> Response:
    if request.method == "GET":
        form = {
            "title": "",
            "message": "",
            "severity": "info",
            "status": "active",
            "startsAt": "",
            "endsAt": "",
            "dismissible": "on",
        }
        return _announcement_form(form, audiences=["public"], channels=["web"])
    wish, errors = _announcement_wish()
    if wish is not None:
        try:
            once(
                request.form.get("key", ""),
                wish.model_dump_json(),
                lambda key: _registry().announce(wish, actor=access.caller().actor, once=key),
            )
        except RuleError as error:
            errors = {error.field: [error.text]}
        else:
            return redirect("/panel/maintenance", 303)
    return _announcement_form(_posted(), errors=errors, status=422)


@blueprint.route("/announcements/<ref>", methods=["GET", "POST"])
def announcement_edit(ref: str) -> Response:
    with web.current().core.open_session() as session:
        row = announcements.find(session, ref)
        if row is None:
            raise NotFoundError
        shown = announcements.out(row, now=clock.now())
    if request.method == "GET":
        form = {
            "title": shown.title,
            "message": shown.message,
            "severity": shown.severity.value,
            "status": shown.status.value,
            "dismissible": "on" if shown.dismissible else "",
            "startsAt": _form_time(shown.starts_at),
            "endsAt": _form_time(shown.ends_at),
        }
        return _announcement_form(
            form,
            audiences=list(shown.audiences),
            channels=list(shown.channels),
            ref=ref,
            version=shown.version,
        )
    wish, errors = _announcement_wish()
    if wish is not None:
        if wish.starts_at == shown.starts_at.replace(second=0, microsecond=0):
            wish.starts_at = shown.starts_at
        if shown.ends_at and wish.ends_at == shown.ends_at.replace(second=0, microsecond=0):
            wish.ends_at = shown.ends_at
        try:
            _registry().edit_announcement(
                ref, wish, version=form_version(), actor=access.caller().actor
            )
        except RuleError as error:
            errors = {error.field: [error.text]}
        except StaleVersionError:
            return _announcement_form(
                _posted(), ref=ref, version=shown.version, theirs=shown, status=412
            )
        else:
            return redirect("/panel/maintenance", 303)
    return _announcement_form(_posted(), errors=errors, ref=ref, version=form_version(), status=422)


@blueprint.post("/announcements/<ref>/status")
def announcement_status(ref: str) -> Response:
    wish = checked(StatusChange, {"status": request.form.get("status")})
    _registry().set_status(ref, wish, version=form_version(), actor=access.caller().actor)
    return redirect("/panel/maintenance", 303)


@blueprint.post("/preview")
def preview() -> Response:
    """What the public would see of the form as it stands; nothing is stored."""
    now = clock.now()
    banner = None
    coming: list[Occurrence] = []
    warnings: list[str] = []
    wish: Any
    if "zone" in request.form:
        wish, errors = _window_wish()
        if wish is not None:
            window = Window(reference="preview", version=0)
            try:
                windows.apply(window, wish, now=now)
                window.created_at = now
                banner = banners.of_window(window, now=now)
                with web.current().core.open_session() as session:
                    warnings = freezes.touching(session, window.starts_at, window.ends_at)
                rule = request.form.get("recurrence", "").strip()
                if rule:
                    again, errors = _window_wish(SeriesIn, recurrence=rule)
                    if again is not None:
                        series.check(again, now=now)
                        coming = series.upcoming(again, now=now)
            except RuleError as error:
                errors = {error.field: [error.text]}
    else:
        wish, errors = _announcement_wish()
        if wish is not None:
            row = Announcement(slug="preview", version=0)
            try:
                announcements.apply(row, wish, now=now)
                banner = banners.of_announcement(row, now=now)
            except RuleError as error:
                errors = {error.field: [error.text]}
    return render.panel(
        "parts/preview.html",
        banner=banner,
        errors=errors,
        coming=coming,
        freezes=warnings,
        recipients=_recipients(wish) if wish is not None and not errors else None,
        zone=request.form.get("zone", "UTC"),
    )


def _recipients(wish: Any) -> int:
    """How many subscribers will be told of it."""
    kind = NoticeKind.WINDOW if isinstance(wish, PlanIn) else NoticeKind.ANNOUNCEMENT
    draft = Notice(
        kind=kind.value,
        audiences=list(wish.audiences),
        channels=[one for one in SENT if one in wish.channels],
        components=list(getattr(wish, "components", [])),
    )
    with web.current().core.open_session() as session:
        return sum(subscribers.told(session, draft).values())


def _registry() -> Registry:
    registry: Registry = web.current().status.registry
    return registry


def _after_act() -> Response:
    """HTMX gets the maintenance card as it is now, a plain form its page."""
    if request.headers.get("HX-Request"):
        return cards.show("maintenance")
    back = "/panel/maintenance" if request.form.get("from") == "maintenance" else "/panel"
    return redirect(back, 303)


def once(key: str, request_text: str, act: Any) -> None:
    """Do the act unless a form with this key did it before."""
    if not 8 <= len(key) <= 100:
        raise Problem(400, "The form's key is missing; reload the page.")
    body = request_text.encode()
    # Two forms of one operator may hold the same text, never the same key.
    if _registry().kept_reply(f"form {key}", key.encode()) is not None:
        return
    act(Once(f"form {key}", key.encode(), lambda row: {"id": row.id, "request": len(body)}))


def form_version() -> int | None:
    """The version that a form was filled in from."""
    text = request.form.get("version", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Problem(400, "The version is not a number; reload the page.")
    return int(text)


def checked(model: Any, values: dict[str, Any]) -> Any:
    """A form as a model; Problem 422 names what is not right."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise Problem(
            422, "Some fields are not right.", errors=problems.field_errors(error)
        ) from None


def _posted() -> dict[str, str]:
    return {name: request.form.get(name, "") for name in request.form}


def _form_time(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M}" if moment else ""


def _instant(field: str, zone: str, errors: Errors) -> datetime | None:
    text = request.form.get(field, "").strip()
    if not text:
        return None
    try:
        naive = datetime.fromisoformat(text)
    except ValueError:
        errors[field] = ["Write a date and a time, for instance 2030-01-31T22:00."]
        return None
    if naive.tzinfo is not None:
        return naive
    if zone not in available_timezones():
        return naive.replace(tzinfo=UTC)
    return naive.replace(tzinfo=ZoneInfo(zone))


def _window_wish(model: Any = WindowIn, **more: str) -> tuple[Any, Errors]:
    errors: Errors = {}
    zone = request.form.get("zone", "")
    values = {
        **more,
        "title": request.form.get("title", ""),
        "message": request.form.get("message", "").replace("\r\n", "\n"),
        "zone": zone,
        "audiences": request.form.getlist("audiences"),
        "channels": request.form.getlist("channels"),
        "components": list(_impacts()),
        "effects": {
            slug: state for slug, state in _impacts().items() if state != State.UNDER_MAINTENANCE
        },
        "owner": request.form.get("owner", ""),
        "impact": request.form.get("impact", ""),
        "rollbackPlan": request.form.get("rollbackPlan", "").replace("\r\n", "\n"),
        "startsAt": _instant("startsAt", zone, errors),
        "endsAt": _instant("endsAt", zone, errors),
    }
    return _wish(model, values, errors)


def _announcement_wish() -> tuple[AnnouncementIn | None, Errors]:
    errors: Errors = {}
    values = {
        "title": request.form.get("title", ""),
        "message": request.form.get("message", "").replace("\r\n", "\n"),
        "severity": request.form.get("severity"),
        "status": request.form.get("status"),
        "dismissible": "dismissible" in request.form,
        "audiences": request.form.getlist("audiences"),
        "channels": request.form.getlist("channels"),
        "startsAt": _instant("startsAt", "UTC", errors),
        "endsAt": _instant("endsAt", "UTC", errors),
    }
    return _wish(AnnouncementIn, values, errors)


def _wish(model: Any, values: dict[str, Any], errors: Errors) -> tuple[Any, Errors]:
    try:
        wish = model.model_validate(values)
    except ValidationError as error:
        return None, problems.field_errors(error) | errors
    return (None if errors else wish), errors


def _window_form(form: dict[str, str], *, status: int = 200, **context: Any) -> Response:
    with web.current().core.open_session() as session:
        parts = components.everyone(session)
    return _form(
        "panel/maintenance/window_form.html",
        form,
        status,
        {
            "zones": sorted(available_timezones()),
            "shown": None,
            "parts": parts,
            "states": [State.OPERATIONAL, State.UNDER_MAINTENANCE, *get_args(Effect)],
            "impacts": _impacts(),
            **context,
        },
    )


def _impacts() -> dict[str, str]:
    """What the form says of each component that the window touches."""
    return {
        name.removeprefix("impact-"): value
        for name, value in request.form.items()
        if name.startswith("impact-") and value not in {"", State.OPERATIONAL}
    }


def _announcement_form(form: dict[str, str], *, status: int = 200, **context: Any) -> Response:
    return _form(
        "panel/maintenance/announcement_form.html",
        form,
        status,
        {
            "severities": list(Severity),
            "statuses": [Status.DRAFT, Status.SCHEDULED, Status.ACTIVE],
            **context,
        },
    )


def _form(template: str, form: dict[str, str], status: int, context: dict[str, Any]) -> Response:
    defaults: dict[str, Any] = {
        "errors": {},
        "ref": None,
        "version": None,
        "theirs": None,
        "audiences": request.form.getlist("audiences"),
        "channels": request.form.getlist("channels"),
        "key": request.form.get("key") or str(uuid.uuid4()),
        "all_audiences": list(Audience),
        "all_channels": list(Channel),
    }
    return render.panel(template, status=status, form=form, **(defaults | context))
