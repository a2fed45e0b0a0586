"""Windows of the database."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, not_, or_, select
from sqlalchemy.orm import Session

from portal.status import bounded
from portal.status.bounded import BOUNDS, NOW, SINCE, Bounds, Moment
from portal.status.windows.window import REOPENS_FOR, Window, WindowStatus
from portal.store import pages
from portal.store.choices import ALL, Choice
from portal.store.pages import Part

MOST_OVERLAPS = 20
# The parts of a list, by which it can be chosen.
PARTS = ("running", "proposed", "upcoming", "over")


def is_published() -> ColumnElement[bool]:
    """The condition that a window is neither cancelled nor a proposal still."""
    return and_(Window.cancelled_at.is_(None), Window.awaits_approval.is_(False))


def _runs(now: Moment) -> ColumnElement[bool]:
    return and_(Window.starts_at <= now, Window.ends_at > now, _is_not_ended(now), is_published())


def _comes(now: Moment) -> ColumnElement[bool]:
    return and_(Window.starts_at > now, _is_not_ended(now), is_published())


def _is_not_ended(now: Moment) -> ColumnElement[bool]:
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


def between(session: Session, since: datetime, until: datetime) -> list[Window]:
    """Those that run, or ran, between two instants, the earliest first."""
    rows = session.scalars(
        select(Window)
        .where(Window.starts_at < until, Window.ends_at > since, is_published())
        .order_by(Window.starts_at)
    )
    return [row for row in rows if row.ended_at is None or row.ended_at > since]


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
    moments = {"now": now, "since": since, "called_off_since": called_off_since}
    rows = session.scalars(_for_board(bounds), moments).all()
    return (
        [row for row in rows if row.cancelled_at is None],
        [row for row in rows if row.cancelled_at is not None],
    )


@cache
def _for_board(bounds: Bounds) -> Select[Window]:
    ids = select(Window.id)
    comes = ids.where(_comes(NOW)).order_by(Window.starts_at, Window.id)
    numbered = (
        select(Window.id, Window.starts_at, _number_in_series().label("number"))
        .where(_comes(NOW), Window.series_id.is_not(None))
        .subquery()
    )
    first = (
        select(Window.id)
        .join(numbered, numbered.c.id == Window.id)
        .where(numbered.c.number <= bounds.of_series)
        .order_by(Window.starts_at, Window.id)
    )
    over = _over(NOW)
    parts = _by_audience(
        [ids.where(_runs(NOW)).order_by(Window.ends_at, Window.id)], most=bounds.running
    )
    parts += _by_audience(
        [
            comes.where(Window.series_id.is_(None)),
            comes.where(Window.series_id.is_not(None)),
            first,
        ],
        most=bounds.next,
    )
    parts += _by_audience([query.where(moment > SINCE) for query, moment in over], most=bounds.past)
    public = bounded.is_public(Window.audiences)
    parts += [query.where(public).limit(bounds.latest) for query, _ in over]
    off = ids.where(
        Window.cancelled_at > bindparam("called_off_since"), Window.awaits_approval.is_(False)
    )
    parts += _by_audience(
        [off.where(Window.ends_at > NOW).order_by(Window.starts_at, Window.id)], most=bounds.next
    )
    parts += _by_audience(
        [off.where(Window.ends_at <= NOW).order_by(Window.ends_at.desc(), Window.id.desc())],
        most=bounds.past,
    )
    return (
        select(Window)
        .where(Window.id.in_(bounded.union(parts)))
        .order_by(Window.starts_at, Window.id)
    )


def _over(now: Moment) -> list[tuple[Select[int], Any]]:
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
    choice: Choice = ALL,
) -> tuple[list[Window], int]:
    """A page of windows as operators read them, and how many there are.

    What runs, by its end; what is proposed; what comes, by its start; what is over or cancelled,
    the latest first. Of each series only the next two are among what comes, unless the list is of
    one series, or to have all windows. `choice` narrows it; its states are those of `PARTS`.
    """
    query, total = select(Window), None
    every = select(func.count()).select_from(Window).scalar_subquery()
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
        total = every - select(func.count()).select_from(later.subquery()).scalar_subquery()
    if found := _chosen(choice):
        query, total = query.where(*found), None
    stands = or_(Window.cancelled_at.is_(None), Window.cancelled_at > now)
    is_proposed = and_(stands, Window.awaits_approval)
    runs, comes = and_(stands, _runs(now)), and_(stands, _comes(now))
    is_over = not_(or_(is_proposed, runs, comes))
    parts = [
        Part(runs, Window.ends_at, is_downwards=False),
        Part(is_proposed, Window.starts_at, is_downwards=False),
        Part(comes, Window.starts_at, is_downwards=False),
        Part(is_over, Window.starts_at),
    ]
    only = choice.part(PARTS)
    return pages.of_parts(session, query, parts, limit=limit, offset=offset, total=total, only=only)


def _chosen(choice: Choice) -> list[ColumnElement[bool]]:
    return [
        *choice.has_text(Window.title, Window.reference),
        *choice.names_component(Window.components),
        *choice.overlaps(Window.starts_at, Window.ends_at),
    ]


def latest(session: Session, *, limit: int) -> list[Window]:
    """The last that were made by hand, the newest first, one of each title."""
    rows = session.scalars(
        select(Window).where(Window.series_id.is_(None)).order_by(Window.id.desc()).limit(4 * limit)
    )
    titles: dict[str, Window] = {}
    for row in rows:
        titles.setdefault(row.title, row)
    return list(titles.values())[:limit]


def overlaps(session: Session, rows: Sequence[Window], *, now: datetime) -> dict[int, list[str]]:
    """By id: what each of these overlaps that is not over, by one query.

    Nobody needs to be warned of what is over; so the windows of years are not read.
    """
    asked = [row for row in rows if row.ends_at > now and not (row.ended_at or row.cancelled_at)]
    last = max((row.ends_at for row in asked), default=now)
    others = session.execute(
        select(Window.id, Window.reference, Window.starts_at, Window.ends_at, Window.ended_at)
        .where(Window.ends_at > now, Window.starts_at < last, Window.cancelled_at.is_(None))
        .order_by(Window.starts_at, Window.id)
    ).all()
    begins = [one.starts_at for one in others]
    found: dict[int, list[str]] = {}
    for row in asked:
        # Those that begin before it ends, in order.
        before = others[: bisect_left(begins, row.ends_at)]
        met = (
            one.reference
            for one in before
            if one.id != row.id
            and one.ends_at > row.starts_at
            and (one.ended_at is None or one.ended_at > row.starts_at)
        )
        if names := list(islice(met, MOST_OVERLAPS)):
            found[row.id] = names
    return found
