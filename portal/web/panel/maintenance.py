"""The page of all that is planned or announced."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, request
from werkzeug.wrappers import Response

from portal import clock
from portal.errors import NotFoundError
from portal.status import announcements, freezes, series, windows
from portal.store.choices import Choice
from portal.web import current, render
from portal.web.panel import filters, paging
from portal.web.panel.paging import LIMIT, Section

blueprint = Blueprint("maintenance", __name__, url_prefix="/panel/maintenance")

PATH = "/panel/maintenance"
# One search for both lists: to each its own word.
_STATES = ("running", "waiting", "upcoming", "over")


@blueprint.get("")
def listing() -> Response:
    return show()


def show(**context: Any) -> Response:
    """The page; `context` is that of a form on it that is shown again.

    `?series=` names a series: the list of windows is then that of all its occurrences.
    """
    now = clock.now()
    ref = request.args.get("series", "")
    asked = filters.asked(_STATES)
    chosen_windows, chosen_announcements = _choices(asked.choice)
    starts = {name: paging.offset(name) for name in ("offset", "announcements", "recurring")}
    with current().core.open_session() as session:
        chosen = series.find(session, ref) if ref else None
        if ref and chosen is None:
            raise NotFoundError
        planned, windows_total = windows.listed(
            session,
            now=now,
            limit=LIMIT,
            offset=starts["offset"],
            series_id=chosen.id if chosen else None,
            choice=chosen_windows,
        )
        announced, announcements_total = announcements.listed(
            session,
            now=now,
            limit=LIMIT,
            offset=starts["announcements"],
            choice=chosen_announcements,
        )
        known = freezes.after(session, min([now, *(row.starts_at for row in planned)]))
        recurring, series_total = series.going_on(session, limit=LIMIT, offset=starts["recurring"])
        return render.panel(
            "panel/maintenance/list.html",
            windows=windows.all_warned(session, planned, now=now, known=known),
            reopening={row.reference for row in planned if row.ran_out_lately(now)},
            windows_section=Section("offset", starts["offset"], windows_total),
            chosen=chosen.title if chosen else None,
            asked=asked,
            states=_STATES,
            components=filters.components(),
            freezes=[freezes.out(row) for row in known if row.ends_at > now],
            announcements=[announcements.out(row, now=now) for row in announced],
            announcements_section=Section(
                "announcements", starts["announcements"], announcements_total
            ),
            series=[series.out(row, now=now) for row in recurring],
            series_section=Section("recurring", starts["recurring"], series_total),
            **({"errors": {}, "form": {}} | context),
        )


def _choices(choice: Choice) -> tuple[Choice, Choice]:
    """What is chosen of windows, and of announcements."""
    waiting = choice.state == "waiting"
    return (
        replace(choice, state="proposed") if waiting else choice,
        replace(choice, state="draft", component="") if waiting else replace(choice, component=""),
    )
