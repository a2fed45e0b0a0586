"""The append-only log: each event's hash covers the one before it.

`hash = SHA-256(previous hash ‖ canonical JSON)`; an event is written in the transaction of what
it records, so neither exists without the other.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, Row, String, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal import clock
from portal.audit import addresses, events
from portal.store.base import Base

GENESIS = "0" * 64
_FIELDS = ("seq", "at", "type", "actor", "detail")
# One encoder for all: a new one for each event takes half of the time of a walk.
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
_LOCK = 0x506F7274616C  # "Portal": one advisory lock of PostgreSQL for all who append
# In a session's `info`: the transaction that has the turn already, which is not asked for twice.
_TURN = "audit turn"


class AuditEvent(Base):
    """One thing that was done."""

    __tablename__ = "audit_event"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(index=True)
    type: Mapped[str] = mapped_column(String(60))
    actor: Mapped[str] = mapped_column(String(120))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    hash: Mapped[str] = mapped_column(String(64))

    __table_args__ = (
        # A choice is read from its newest on.
        Index("ix_audit_event_type_seq", "type", "seq"),
        Index("ix_audit_event_actor_seq", "actor", "seq"),
    )


class Anchor(Base):
    """Where the chain goes on after a sealed segment was taken out; the highest one counts."""

    __tablename__ = "audit_anchor"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    file: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))


@dataclass(frozen=True)
class Start:
    """What the first event goes on from: 0 and zeros, or the end of the last sealed segment."""

    seq: int
    hash: str


@dataclass(frozen=True)
class Verdict:
    """What a walk over the chain found; `first_bad_seq` is None when it is whole."""

    checked: int
    first_bad_seq: int | None
    reason: str = ""


def _digest(previous: str, event: AuditEvent | Row[Any]) -> str:
    return digest_of(
        previous,
        {
            "seq": event.seq,
            "at": clock.iso(event.at),
            "type": event.type,
            "actor": event.actor,
            "detail": event.detail,
        },
    )


def digest_of(previous: str, fields: dict[str, Any]) -> str:
    """The hash of an event given as its fields; others than these five are left aside."""
    canonical = _canonical({name: fields.get(name) for name in _FIELDS})
    return hashlib.sha256(previous.encode() + canonical.encode()).hexdigest()


def append(
    session: Session, event_type: str, *, actor: str, at: datetime, **detail: object
) -> AuditEvent:
    """Add an event to the caller's transaction; UnknownEventError for an undeclared one."""
    events.check(event_type, detail)
    session.flush()
    lock(session)
    head = session.execute(
        select(AuditEvent.seq, AuditEvent.hash).order_by(AuditEvent.seq.desc()).limit(1)
    ).first() or start(session)
    # The chain hashes milliseconds; what is stored must hash the same when read back.
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    seq = head.seq + 1
    event = AuditEvent(
        seq=seq,
        at=at,
        type=event_type,
        actor=actor,
        detail=addresses.hide(session, detail, seq=seq, at=at),
    )
    event.hash = _digest(head.hash, event)
    session.add(event)
    session.flush()
    return event


def lock(session: Session) -> None:
    """Take the turn of whoever appends, until the end of the transaction.

    Who numbers something else in the same transaction takes it first, and waits in one order.
    """
    if session.get_bind().dialect.name != "postgresql":
        return
    transaction = session.get_transaction()
    if transaction is None or session.info.get(_TURN) is not transaction:
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        session.info[_TURN] = session.get_transaction()


def start(session: Session) -> Start:
    """Where the chain in the database begins."""
    anchor = session.scalars(select(Anchor).order_by(Anchor.seq.desc()).limit(1)).first()
    return Start(anchor.seq, anchor.hash) if anchor else Start(0, GENESIS)


def verify(session: Session, *, in_pieces: bool = False) -> Iterator[Verdict]:
    """Walk the chain, giving a verdict every 1 000 events and one at the end.

    With `in_pieces` the transaction ends after each of them: a long read keeps a database from
    tidying up behind its writers. What is sealed meanwhile was walked, or is in its segment.
    """
    begin = start(session)
    previous, expected, checked, last = begin.hash, begin.seq + 1, 0, 0
    # What was taken out must be named by an event that is still covered by the chain.
    unnamed = {(begin.seq, begin.hash)} if begin.seq else set()
    salts = addresses.salts(session)
    while part := _piece(session, last):
        clear = addresses.known(session, [event.seq for event in part])
        for event in part:
            if event.seq != expected:
                begin = start(session)
                if begin.seq < expected:
                    yield Verdict(checked, expected, f"event {expected} is missing")
                    return
                # Sealed meanwhile, with the event that named the segment before: on from there.
                previous, expected = begin.hash, begin.seq + 1
                unnamed = {(begin.seq, begin.hash)}
                break
            if event.hash != _digest(previous, event):
                yield Verdict(checked, expected, "its content does not match its hash")
                return
            for name, address in clear.get(event.seq, {}).items():
                if not addresses.is_true(salts, event.at, event.detail.get(name), address):
                    yield Verdict(checked, expected, f"its {name} was changed")
                    return
            if event.type == "audit.segment.sealed":
                unnamed.discard((event.detail["last"], event.detail["head"]))
            previous, expected, checked = event.hash, expected + 1, checked + 1
        last = expected - 1
        yield Verdict(checked, None)
        if in_pieces:
            session.rollback()
    if unnamed:
        yield Verdict(
            checked,
            max(unnamed)[0],
            "the events before it were removed, but no segment was recorded",
        )
        return
    yield Verdict(checked, None)


def _piece(session: Session, after: int) -> Sequence[Row[Any]]:
    """The next thousand events, as rows: objects would take twice the time."""
    table = AuditEvent
    return session.execute(
        select(table.seq, table.at, table.type, table.actor, table.detail, table.hash)
        .where(table.seq > after)
        .order_by(table.seq)
        .limit(1000)
    ).all()


def length(session: Session) -> int:
    """How many events there are."""
    return session.scalar(select(func.count()).select_from(AuditEvent)) or 0
