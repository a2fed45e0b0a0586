"""Announcements in the panel: the form with its preview, and their status."""

from typing import Any

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from portal import clock
from portal.board import banners
from portal.board.banners import Banner
from portal.errors import found
from portal.status import announcements
from portal.status.announcements import (
    Announcement,
    AnnouncementIn,
    AnnouncementOut,
    AnnouncementTimes,
    StatusChange,
)
from portal.status.notices import NoticeKind
from portal.status.terms import Severity, Status
from portal.web import current, dates, render
from portal.web.panel import forms, maintenance, preview, toasts

blueprint = Blueprint("announcements", __name__, url_prefix="/panel/announcements")


@blueprint.get("/new")
def new() -> Response:
    form = {"severity": "info", "status": "active", "dismissible": "on"}
    return _form(form, audiences=["public"], channels=["web"])


@blueprint.post("/new")
def create() -> Response:
    return forms.submit(
        lambda by: current().status.announcements.create(by, _posted()),
        then=maintenance.PATH,
        again=forms.shown_again(_form),
        say=_say_of_new,
        is_new=True,
        can_undo=True,
    )


@blueprint.get("/<ref>")
def one(ref: str) -> Response:
    shown = _shown(ref)
    form = {
        "title": shown.title,
        "message": shown.message,
        "severity": shown.severity.value,
        "status": shown.status.value,
        "dismissible": "on" if shown.dismissible else "",
        "startsAt": forms.in_field(shown.starts_at),
        "endsAt": forms.in_field(shown.ends_at),
    } | forms.of_translations(shown.translations)
    return _form(
        form,
        ref=ref,
        version=shown.version,
        audiences=list(shown.audiences),
        channels=list(shown.channels),
    )


@blueprint.post("/<ref>")
def edit(ref: str) -> Response:
    shown = _shown(ref)
    return forms.submit(
        lambda by: current().status.announcements.edit(by, ref, _edited(shown)),
        then=maintenance.PATH,
        again=forms.shown_again(_form, ref, shown),
        say=lambda row: toasts.say(f"Saved. {_sentence(row)}"),
    )


@blueprint.post("/<ref>/status")
def set_status(ref: str) -> Response:
    asked = forms.read(StatusChange, status=request.form.get("status"))
    with current().core.open_session() as session:
        shown = found(announcements.find(session, ref))
        version, before = shown.version, AnnouncementTimes.of(shown)
    row = current().status.announcements.set_status(forms.by(can_undo=True), ref, asked)
    path = f"{blueprint.url_prefix}/{ref}/undo"
    toasts.say_of_change(_sentence(row), path, row, before, version=version)
    return redirect(maintenance.PATH, 303)


@blueprint.post("/<ref>/undo")
def undo(ref: str) -> Response:
    """Take back the last change of an announcement's status."""
    note = toasts.posted(AnnouncementTimes)
    assert note.before is not None
    row = current().status.announcements.undo(note.by, ref, note.before)
    toasts.say(f"Undone. {_sentence(row)}")
    return redirect(maintenance.PATH, 303)


def _say_of_new(row: Announcement) -> None:
    """What is true of a new one; to undo its publication is to make it a draft."""
    draft = AnnouncementTimes.of(row, is_draft=True, published_at=None)
    path = f"{blueprint.url_prefix}/{row.slug}/undo"
    is_told = not row.is_draft
    toasts.say(_sentence(row), toasts.undo_of(path, row.version, draft) if is_told else None)


def _sentence(row: Announcement) -> str:
    """What is true of an announcement now."""
    match row.status_at(clock.now()):
        case Status.ACTIVE:
            end = f" until {dates.stamp(row.ends_at)}" if row.ends_at else ""
            return f"{row.title} is published{end}."
        case Status.SCHEDULED:
            return f"{row.title} is published from {dates.stamp(row.starts_at)}."
        case Status.DRAFT:
            return f"{row.title} is a draft."
        case _:
            return f"{row.title} is resolved."


@blueprint.post("/preview")
def show_preview() -> Response:
    return preview.show(_preview, NoticeKind.ANNOUNCEMENT)


def _preview() -> tuple[Banner, dict[str, Any]]:
    now = clock.now()
    row = Announcement(slug="preview", version=0)
    _posted().apply(row, now=now)
    return banners.of_announcement(row, now=now), {}


def _posted() -> AnnouncementIn:
    return forms.read(
        AnnouncementIn,
        title=forms.text("title"),
        message=forms.text("message"),
        translations=forms.translations(),
        severity=request.form.get("severity"),
        status=request.form.get("status"),
        dismissible="dismissible" in request.form,
        audiences=request.form.getlist("audiences"),
        channels=request.form.getlist("channels"),
        startsAt=forms.instant("startsAt"),
        endsAt=forms.instant("endsAt"),
    )


def _edited(shown: AnnouncementOut) -> AnnouncementIn:
    content = _posted()
    forms.keep_untouched(content, shown)
    return content


def _shown(ref: str) -> AnnouncementOut:
    with current().core.open_session() as session:
        row = found(announcements.find(session, ref))
        return announcements.out(row, now=clock.now())


def _form(form: dict[str, str], *, status: int = 200, **context: Any) -> Response:
    defaults: dict[str, Any] = {"errors": {}, "ref": None, "version": None, "conflict": None}
    return render.panel(
        "panel/announcements/form.html",
        status=status,
        form=form,
        key=forms.new_key(),
        all_audiences=forms.audiences(context["audiences"]),
        all_channels=forms.channels(context["channels"]),
        severities=list(Severity),
        **(defaults | context),
    )
