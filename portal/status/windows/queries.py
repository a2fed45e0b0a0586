"""Windows of the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from portal.status import bounded
from portal.status.bounded import BOUNDS, Bounds
from portal.status.windows.window import REOPENS_FOR, Window, WindowStatus
from portal.store import pages

MOST_OVERLAPS = 20


def is_published() -> ColumnElement[bool]:
    """The condition that a window is neither cancelled nor a proposal still."""
    return and_(Window.cancelled_at.is_(None), Window.awaits_approval.is_(False))


def _runs(now: datetime) -> ColumnElement[bool]:
    return and_(Window.starts_at <= now, Window.ends_at > now, _is_not_ended(now), is_published())


def _comes(now: datetime) -> ColumnElement[bool]:
    return and_(Window.starts_at > now, _is_not_ended(now), is_published())


def _is_not_ended(now: datetime) -> ColumnElement[bool]:
    return or_(Window.ended_at.is_(None), Window.ended_at > now)


def _number_in_series() -> ColumnElement[int]:
    """Of those that a query finds: the how manieth of its series this is."""
    return func.row_number().over(
        partition_by=Window.series_id, order_by=(Window.starts_at, Window.id)
    )


def find(session: Session, ref: str) -> Window | None:
    """By id or reference."""
    if ref.isascii() and ref.isdigit() and len(ref) < 10:
        return session.get(Window, int(ref))
    return session.scalar(select(Window).where(Window.reference == ref))


def running(session: Session, *, now: datetime) -> list[Window]:
    """Those that are active at `now`, the earliest end first."""
    rows = session.scalars(
        select(Window)
        .where(Window.starts_at <= now, Window.ends_at > now, is_published())
        .order_by(Window.ends_at)
    )
    return [row for row in rows if row.status_at(now) is WindowStatus.ACTIVE]


def extendable(session: Session, *, now: datetime) -> list[Window]:
    """Those that run; where none does, those whose planned end has just passed."""
    rows = session.scalars(
        select(Window)
        .where(
            Window.ends_at <= now,
            Window.ends_at >= now - REOPENS_FOR,
            Window.ended_at.is_(None),
            is_published(),
        )
        .order_by(Window.ends_at.desc())
    )
    return running(session, now=now) or [row for row in rows if row.ran_out_lately(now)]


def for_board(
    session: Session,
    *,
    since: datetime,
    called_off_since: datetime,
    now: datetime,
    bounds: Bounds = BOUNDS,
) -> tuple[list[Window], list[Window]]:
    """What is published, and what was called off after it had been; both by start.

    Published is what runs, what comes, and what was over after `since` or is among the latest.
    What comes again is asked for apart from what comes once, and the next of each series is there
    in any case.
    """
    ids = select(Window.id)
    comes = ids.where(_comes(now)).order_by(Window.starts_at, Window.id)
    numbered = (
        select(Window.id, Window.starts_at, _number_in_series().label("number"))
        .where(_comes(now), Window.series_id.is_not(None))
        .subquery()
    )
    first = (
        select(Window.id)
        .join(numbered, numbered.c.id == Window.id)
        .where(numbered.c.number <= bounds.of_series)
        .order_by(Window.starts_at, Window.id)
    )
    over = _over(now)
    parts = _by_audience(
        [ids.where(_runs(now)).order_by(Window.ends_at, Window.id)], most=bounds.running
    )
    parts += _by_audience(
        [
            comes.where(Window.series_id.is_(None)),
            comes.where(Window.series_id.is_not(None)),
            first,
        ],
        most=bounds.next,
    )
    parts += _by_audience([query.where(moment > since) for query, moment in over], most=bounds.past)
    public = bounded.is_public(Window.audiences)
    parts += [query.where(public).limit(bounds.latest) for query, _ in over]
    off = ids.where(Window.cancelled_at > called_off_since, Window.awaits_approval.is_(False))
    parts += _by_audience(
        [off.where(Window.ends_at > now).order_by(Window.starts_at, Window.id)], most=bounds.next
    )
    parts += _by_audience(
        [off.where(Window.ends_at <= now).order_by(Window.ends_at.desc(), Window.id.desc())],
        most=bounds.past,
    )
    rows = list(
        session.scalars(
            select(Window)
            .where(Window.id.in_(bounded.union(parts)))
            .order_by(Window.starts_at, Window.id)
        )
    )
    return (
        [row for row in rows if row.cancelled_at is None],
        [row for row in rows if row.cancelled_at is not None],
    )


def _over(now: datetime) -> list[tuple[Select[int], Any]]:
    """Those that were ended, and those whose time was over; each with when that was."""
    ids = select(Window.id).where(is_published())
    return [
        (ids.where(condition).order_by(moment.desc(), Window.id.desc()), moment)
        for condition, moment in (
            (Window.ended_at <= now, Window.ended_at),
            (and_(_is_not_ended(now), Window.ends_at <= now), Window.ends_at),
        )
    ]


def _by_audience(queries: list[Select[int]], *, most: int) -> list[Select[int]]:
    return [
        part
        for query in queries
        for part in bounded.by_audience(query, Window.audiences, most=most)
    ]


def listed(
    session: Session,
    *,
    now: datetime,
    limit: int,
    offset: int,
    series_id: int | None = None,
    has_all: bool = False,
) -> tuple[list[Window], int]:
    """A page of windows as operators read them, and how many there are.

    What runs, by its end; what is proposed; what comes, by its start; what is over or cancelled,
    the latest first. Of each series only the next two are among what comes, unless the list is of
    one series, or to have all windows.
    """
    is_cancelled = and_(Window.cancelled_at.is_not(None), Window.cancelled_at <= now)
    rank = case(
        (is_cancelled, 3), (Window.awaits_approval, 1), (_runs(now), 0), (_comes(now), 2), else_=3
    )
    query = select(Window.id, rank.label("rank"), func.count().over().label("total"))
    if series_id is not None:
        query = query.where(Window.series_id == series_id)
    elif not has_all:
        numbered = (
            select(Window.id, _number_in_series().label("number"))
            .where(_comes(now), Window.series_id.is_not(None))
            .subquery()
        )
        later = select(numbered.c.id).where(numbered.c.number > BOUNDS.of_series)
        query = query.where(Window.id.not_in(later))
    ranked = query.subquery()
    rows = session.execute(
        select(Window, ranked.c.total)
        .join(ranked, ranked.c.id == Window.id)
        .order_by(
            ranked.c.rank,
            case((ranked.c.rank == 0, Window.ends_at), (ranked.c.rank < 3, Window.starts_at)),
            Window.starts_at.desc(),
            Window.id,
        )
        .limit(limit)
        .offset(offset)
    ).all()
    if not rows:
        return [], pages.beyond(session, query, offset)
    return [row for row, _ in rows], rows[0].total


def overlaps(session: Session, rows: Sequence[Window]) -> dict[int, list[str]]:
    """By id: what each of these overlaps, by one query."""
    ids = [row.id for row in rows if row.ended_at is None and row.cancelled_at is None]
    if not ids:
        return {}
    other = aliased(Window)
    number = func.row_number().over(partition_by=Window.id, order_by=(other.starts_at, other.id))
    pairs = (
        select(Window.id, other.reference, number.label("number"))
        .join(other, and_(other.id != Window.id, _meets(other, Window.starts_at, Window.ends_at)))
        .where(Window.id.in_(ids))
        .subquery()
    )
    found: dict[int, list[str]] = {}
    for key, reference in session.execute(
        select(pairs.c.id, pairs.c.reference)
        .where(pairs.c.number <= MOST_OVERLAPS)
        .order_by(pairs.c.id, pairs.c.number)
    ):
        found.setdefault(key, []).append(reference)
    return found


def _meets(other: type[Window], starts_at: Any, ends_at: Any) -> ColumnElement[bool]:
    return and_(
        other.cancelled_at.is_(None),
        other.starts_at < ends_at,
        other.ends_at > starts_at,
        or_(other.ended_at.is_(None), other.ended_at > starts_at),
    )
