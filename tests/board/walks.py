"""What a slow walk over all rows finds: it sorts by nearness and cuts."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.board.picture import PAST_DAYS
from portal.status.announcements import Announcement
from portal.status.bounded import Bounds
from portal.status.incidents import Incident
from portal.status.terms import Audience, Status
from portal.status.windows import Window, WindowStatus
from portal.status.windows.queries import MOST_OVERLAPS
from tests.instants import DAY, NOW

TODAY = NOW.replace(hour=0)
SINCE = TODAY - PAST_DAYS * DAY
BOUNDS = Bounds(running=3, next=4, of_series=2, past=5, latest=6)
Row = TypeVar("Row")


def overlapping(row: Window, rows: list[Window]) -> list[str]:
    """What one window overlaps that is not over, by a walk over all."""
    if row.ended_at is not None or row.cancelled_at is not None or row.ends_at <= NOW:
        return []
    others = [
        one
        for one in rows
        if one is not row
        and one.cancelled_at is None
        and one.ends_at > NOW
        and one.starts_at < row.ends_at
        and one.ends_at > row.starts_at
        and (one.ended_at is None or one.ended_at > row.starts_at)
    ]
    others.sort(key=lambda one: (one.starts_at, one.id))
    return [one.reference for one in others[:MOST_OVERLAPS]]


def is_public(row: Any) -> bool:
    return Audience.PUBLIC in row.audiences


def nearest(rows: Iterable[Row], key: Callable[[Row], Any], most: int) -> list[Row]:
    """The first of what is for everyone, and of the rest."""
    ordered = sorted(rows, key=key)
    return [
        row
        for wanted in (True, False)
        for row in [one for one in ordered if is_public(one) is wanted][:most]
    ]


def ago(moment: datetime) -> float:
    return -moment.timestamp()


def expected_windows(session: Session) -> set[str]:
    rows = [
        row
        for row in session.scalars(select(Window))
        if row.cancelled_at is None and not row.awaits_approval
    ]
    running = [row for row in rows if row.status_at(NOW) is WindowStatus.ACTIVE]
    coming = [row for row in rows if row.status_at(NOW) is WindowStatus.SCHEDULED]
    over = [row for row in rows if row.status_at(NOW) is WindowStatus.ENDED]

    def start(row: Window) -> Any:
        return row.starts_at, row.id

    def end(row: Window) -> Any:
        return ago(row.ended_at or row.ends_at), ago(row.starts_at)

    of_series = [row for row in coming if row.series_id]
    numbers = {row.series_id for row in of_series}
    first = [
        row
        for number in numbers
        for row in sorted((one for one in of_series if one.series_id == number), key=start)[:2]
    ]
    late = [row for row in over if (row.ended_at or row.ends_at) > SINCE]
    found = nearest(running, lambda row: (row.ends_at, row.id), BOUNDS.running)
    found += nearest([row for row in coming if not row.series_id], start, BOUNDS.next)
    found += nearest(of_series, start, BOUNDS.next)
    found += nearest(first, start, BOUNDS.next)
    found += nearest(late, end, BOUNDS.past)
    found += sorted((row for row in over if is_public(row)), key=end)[: BOUNDS.latest]
    return {row.reference for row in found}


def expected_announcements(session: Session) -> set[str]:
    rows = list(session.scalars(select(Announcement).where(Announcement.is_draft.is_(False))))
    by_status: dict[Status, list[Announcement]] = {status: [] for status in Status}
    for row in rows:
        by_status[row.status_at(NOW)].append(row)

    def over_at(row: Announcement) -> datetime:
        moment = row.resolved_at or row.ends_at
        assert moment is not None
        return moment

    late = [row for row in by_status[Status.RESOLVED] if over_at(row) > SINCE]
    found = nearest(
        by_status[Status.ACTIVE], lambda row: (ago(row.starts_at), -row.id), BOUNDS.running
    )
    found += nearest(by_status[Status.SCHEDULED], lambda row: (row.starts_at, row.id), BOUNDS.next)
    found += nearest(late, lambda row: (ago(over_at(row)), ago(row.starts_at)), BOUNDS.past)
    return {row.slug for row in found}


def expected_incidents(session: Session) -> list[str]:
    rows = list(session.scalars(select(Incident)))

    def start(row: Incident) -> Any:
        return ago(row.started_at), -row.id

    late = [row for row in rows if row.resolved_at and row.resolved_at > SINCE]
    found = nearest([row for row in rows if row.resolved_at is None], start, BOUNDS.running)
    found += nearest(late, lambda row: (ago(row.resolved_at or NOW), -row.id), BOUNDS.past)
    found += sorted((row for row in rows if is_public(row)), key=start)[: BOUNDS.latest]
    return [row.reference for row in sorted(set(found), key=start)]
