"""The fields of a window's form, as the panel reads them."""

from datetime import datetime
from typing import TypeVar

from flask import request

from portal.errors import RuleError
from portal.status.components import State
from portal.status.series import SeriesIn
from portal.status.windows import PlanIn, WindowIn, WindowOut
from portal.web.panel import forms

Plan = TypeVar("Plan", bound=PlanIn)

_REPEATS = {"never": "", "daily": "FREQ=DAILY", "weekly": "FREQ=WEEKLY", "monthly": "FREQ=MONTHLY"}


def rule() -> str:
    """The rule by which it recurs: as it was typed, or as it was chosen."""
    repeats = request.form.get("repeats", "never")
    if repeats not in _REPEATS:
        raise RuleError("repeats", "Choose never, daily, weekly or monthly.")
    return request.form.get("recurrence", "").strip() or _REPEATS[repeats]


def window() -> WindowIn:
    """A window as it was typed."""
    return _posted(WindowIn)


def _posted(model: type[Plan], **more: str) -> Plan:
    zone = request.form.get("zone", "")
    parts = touched()
    return forms.read(
        model,
        title=forms.text("title"),
        message=forms.text("message"),
        translations=forms.translations(),
        zone=zone,
        audiences=request.form.getlist("audiences"),
        channels=request.form.getlist("channels"),
        components=list(parts),
        effects={slug: state for slug, state in parts.items() if state != State.UNDER_MAINTENANCE},
        owner=forms.text("owner"),
        impact=forms.text("impact"),
        rollbackPlan=forms.text("rollbackPlan"),
        startsAt=forms.instant("startsAt", zone),
        endsAt=forms.instant("endsAt", zone),
        **more,
    )


def series() -> SeriesIn:
    """A series as it was typed, its first and last instant on the clock of its zone."""
    content = _posted(SeriesIn, recurrence=rule())
    first, last = forms.clock_time("startsAt"), forms.clock_time("endsAt")
    if isinstance(first, datetime) and isinstance(last, datetime):
        if first.tzinfo is None and last.tzinfo is None:
            content.on_the_clock(first, last)
    return content


def edited(shown: WindowOut) -> WindowIn:
    """What was typed; an instant that nobody touched stays to the second."""
    content = window()
    if content.zone == shown.zone:
        forms.keep_untouched(content, shown, shown.zone)
    return content


def touched() -> dict[str, str]:
    """The components that the window touches, with what is left of each."""
    return {slug: state for slug, state in forms.impacts().items() if state != State.OPERATIONAL}
