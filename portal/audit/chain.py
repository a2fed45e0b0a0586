"""The append-only log: each event's hash covers the one before it.

`hash = SHA-256(previous hash ‖ canonical JSON)`; an event is written in the transaction of what
it records, so neither exists without the other.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal import clock
from portal.audit import events
from portal.store.base import Base

GENESIS = "0" * 64
_LOCK = 0x506F7274616C  # "Portal": one advisory lock of PostgreSQL for all who append


class AuditEvent(Base):
    """One thing that was done."""

    __tablename__ = "audit_event"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(index=True)
    type: Mapped[str] = mapped_column(String(60), index=True)
    actor: Mapped[str] = mapped_column(String(120), index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    hash: Mapped[str] = mapped_column(String(64))


@dataclass(frozen=True)
class Verdict:
    """What a walk over the chain found; `first_bad_seq` is None when it is whole."""

    checked: int
    first_bad_seq: int | None
    reason: str = ""


def _digest(previous: str, event: AuditEvent) -> str:
    canonical = json.dumps(
        {
            "seq": event.seq,
            "at": clock.iso(event.at),
            "type": event.type,
            "actor": event.actor,
            "detail": event.detail,
        },
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    return hashlib.sha256(previous.encode() + canonical.encode()).hexdigest()


def append(
    session: Session, event_type: str, *, actor: str, at: datetime, **detail: object
) -> AuditEvent:
    """Add an event to the caller's transaction; UnknownEventError for an undeclared one."""
    events.check(event_type, detail)
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    head = session.execute(
        select(AuditEvent.seq, AuditEvent.hash).order_by(AuditEvent.seq.desc()).limit(1)
    ).first()
    event = AuditEvent(
        seq=head.seq + 1 if head else 1,
        # The chain hashes milliseconds; what is stored must hash the same when read back.
        at=at.replace(microsecond=at.microsecond // 1000 * 1000),
        type=event_type,
        actor=actor,
        detail=detail,
    )
    event.hash = _digest(head.hash if head else GENESIS, event)
    session.add(event)
    session.flush()
    return event


def verify(session: Session) -> Iterator[Verdict]:
    """Walk the chain, giving a verdict every 1 000 events and one at the end."""
    previous, checked = GENESIS, 0
    query = select(AuditEvent).order_by(AuditEvent.seq).execution_options(yield_per=1000)
    with closing(session.scalars(query)) as rows:
        for event in rows:
            checked += 1
            if event.seq != checked:
                yield Verdict(checked - 1, checked, f"event {checked} is missing")
                return
            if event.hash != _digest(previous, event):
                yield Verdict(checked - 1, event.seq, "its content does not match its hash")
                return
            previous = event.hash
            if checked % 1000 == 0:
                yield Verdict(checked, None)
    yield Verdict(checked, None)


def length(session: Session) -> int:
    """How many events there are."""
    return session.scalar(select(func.count()).select_from(AuditEvent)) or 0


def search(
    session: Session,
    *,
    event_type: str | None = None,
    actor: str | None = None,
    since: datetime | None = None,
    limit: int = 50,
    offset: int = 0,
) -> tuple[list[AuditEvent], int]:
    """A page of events, newest first, and how many match; `event_type` matches a prefix."""
    query = select(AuditEvent)
    if event_type:
        query = query.where(AuditEvent.type.startswith(event_type, autoescape=True))
    if actor:
        query = query.where(AuditEvent.actor == actor)
    if since:
        query = query.where(AuditEvent.at >= since)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    page = query.order_by(AuditEvent.seq.desc()).limit(limit).offset(offset)
    return list(session.scalars(page)), total
