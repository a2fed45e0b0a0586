"""The page of all that is planned or announced."""

from collections import Counter
from datetime import datetime
from typing import Any

from flask import Blueprint
from werkzeug.wrappers import Response

from portal import clock
from portal.board.picture import MOST_OF_SERIES
from portal.status import announcements, freezes, series, windows
from portal.status.windows import Window, WindowStatus
from portal.web import current, render

blueprint = Blueprint("maintenance", __name__, url_prefix="/panel/maintenance")

PATH = "/panel/maintenance"
_LISTED = 50


@blueprint.get("")
def listing() -> Response:
    return show()


def show(**context: Any) -> Response:
    """The page; `context` is that of a form on it that is shown again."""
    now = clock.now()
    with current().core.open_session() as session:
        planned, _ = windows.page(session, limit=_LISTED, offset=0)
        announced, _ = announcements.page(session, limit=_LISTED, offset=0)
        recurring, _ = series.page(session, limit=_LISTED, offset=0)
        return render.panel(
            "panel/maintenance/list.html",
            windows=[windows.warned(session, row, now=now) for row in _in_order(planned, now)],
            freezes=[freezes.out(row) for row in freezes.coming(session, now=now)],
            announcements=[announcements.out(row, now=now) for row in announced],
            series=[series.out(row, now=now) for row in recurring if row.cancelled_at is None],
            **({"errors": {}, "form": {}} | context),
        )


def _in_order(rows: list[Window], now: datetime) -> list[Window]:
    """What runs, what comes (of a series the next two), what is over, the latest first."""
    by_status: dict[WindowStatus, list[Window]] = {status: [] for status in WindowStatus}
    shown: Counter[int] = Counter()
    for row in sorted(rows, key=lambda one: one.starts_at):
        status = row.status_at(now)
        if status is WindowStatus.SCHEDULED and row.series_id is not None:
            shown[row.series_id] += 1
            if shown[row.series_id] > MOST_OF_SERIES:
                continue
        by_status[status].append(row)
    over = by_status[WindowStatus.ENDED] + by_status[WindowStatus.CANCELLED]
    return [
        *by_status[WindowStatus.ACTIVE],
        *by_status[WindowStatus.PROPOSED],
        *by_status[WindowStatus.SCHEDULED],
        *sorted(over, key=lambda one: one.starts_at, reverse=True),
    ]
