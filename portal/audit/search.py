"""Events of the log for readers: the newest first, by type, actor and time.

Numbers have no gaps, so a page of the whole log is found by its numbers however deep it lies. Of
several types the newest of each are read from the index, and then the newest of all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, select, union_all
from sqlalchemy.orm import Session

from portal.audit import addresses, events
from portal.audit.chain import Anchor, AuditEvent
from portal.store import pages


@dataclass(frozen=True)
class Event:
    """An event for readers, include the addresses that are still kept."""

    seq: int
    at: datetime
    type: str
    actor: str
    detail: dict[str, Any]
    hash: str


def search(
    session: Session,
    *,
    event_type: str | None = None,
    actor: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    limit: int = 50,
    offset: int = 0,
    count_to: int | None = None,
) -> tuple[list[Event], int]:
    """A page of events, newest first, and how many match.

    `event_type` matches the beginning of a type; `before` is the number that the page ends before.
    With `count_to` a choice is counted as far as that and no further: one more says that there are
    more. How many there are of a quarter of a million takes longer than all the rest.
    """
    matches: list[ColumnElement[bool]] = []
    if actor:
        matches.append(AuditEvent.actor == actor)
    if since:
        matches.append(AuditEvent.at >= since)
    if until:
        matches.append(AuditEvent.at < until)
    types = events.beginning_with(event_type) if event_type else None
    if matches or types is not None:
        total = _total(session, matches, types, count_to)
    else:
        newest, begin = _ends(session)
        total = newest - begin
        before, offset = min(before or newest + 1, newest + 1) - offset, 0
    if before is not None:
        matches.append(AuditEvent.seq < before)
    return _read(session, _page(matches, types, limit, offset)), total


def latest(session: Session, count: int) -> list[Event]:
    """The last events, newest first; how many there are is not asked."""
    return _read(session, _page([], None, count, 0))


def _ends(session: Session) -> tuple[int, int]:
    """The number of the last event, and the one before the first that is not sealed."""
    newest, begin = session.execute(
        select(
            select(func.max(AuditEvent.seq)).scalar_subquery(),
            select(func.max(Anchor.seq)).scalar_subquery(),
        )
    ).one()
    return newest or begin or 0, begin or 0


def _total(
    session: Session,
    matches: Sequence[ColumnElement[bool]],
    types: Sequence[str] | None,
    most: int | None,
) -> int:
    query = select(AuditEvent.seq).where(*matches)
    if types is not None:
        query = query.where(AuditEvent.type.in_(types))
    return session.scalar(select(pages.number(query, most=most))) or 0


def _page(
    matches: Sequence[ColumnElement[bool]], types: Sequence[str] | None, limit: int, offset: int
) -> Select[AuditEvent]:
    query = select(AuditEvent).order_by(AuditEvent.seq.desc())
    if types is None:
        return query.where(*matches).limit(limit).offset(offset)
    newest_of_each = [
        select(
            select(AuditEvent.seq)
            .where(AuditEvent.type == one, *matches)
            .order_by(AuditEvent.seq.desc())
            .limit(limit + offset)
            .subquery()
            .c.seq
        )
        for one in types
    ]
    if not newest_of_each:
        return query.where(false())
    found = union_all(*newest_of_each).subquery()
    numbers = select(found.c.seq).order_by(found.c.seq.desc()).limit(limit).offset(offset)
    return query.where(AuditEvent.seq.in_(numbers))


def _read(session: Session, page: Select[AuditEvent]) -> list[Event]:
    rows = session.scalars(page).all()
    clear = addresses.known(session, [row.seq for row in rows])
    return [
        Event(
            row.seq, row.at, row.type, row.actor, {**row.detail, **clear.get(row.seq, {})}, row.hash
        )
        for row in rows
    ]
