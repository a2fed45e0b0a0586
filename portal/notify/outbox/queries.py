"""The outbox as operators see it: its queue, the notices, and what is tried no more."""

from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from portal.notify.outbox.delivery import STUCK_AFTER, Delivery, State
from portal.schemas import Camel
from portal.status.notices import Notice, NoticeKind
from portal.store import pages

FAILED_SHOWN = timedelta(days=7)


class Figures(Camel):
    """The outbox as the queue of a worker."""

    pending: int
    stuck: int
    failed: int


class NoticeOut(Camel):
    """A notice, and how many of its deliveries are in which state."""

    id: int
    kind: str
    event: str
    ref: str
    title: str
    created_at: datetime
    is_addressed: bool
    sent: int
    pending: int
    dead: int
    dropped: int


class DeadLetter(Camel):
    """A delivery that is tried no more."""

    id: int
    recipient: str
    queue: str
    title: str
    attempts: int
    error: str
    settled_at: datetime | None


def figures(session: Session, *, now: datetime) -> Figures:
    """The queue: what waits, what has waited for long, and what died within a week."""
    open_states = [State.PENDING, State.SENDING]
    waiting = select(func.count()).select_from(Delivery).where(Delivery.state.in_(open_states))
    unaddressed = select(func.count()).select_from(Notice).where(Notice.addressed_at.is_(None))
    old = (
        select(func.count())
        .select_from(Delivery)
        .join(Notice, Notice.id == Delivery.notice_id)
        .where(
            or_(
                Delivery.state.in_(open_states) & (Notice.created_at < now - STUCK_AFTER),
                # Its holder has died: it waits for the next one.
                (Delivery.state == State.SENDING) & (Delivery.claimed_until < now),
            )
        )
    )
    dead = (
        select(func.count())
        .select_from(Delivery)
        .where(Delivery.state == State.DEAD, Delivery.settled_at > now - FAILED_SHOWN)
    )
    counts = (one.scalar_subquery() for one in (waiting, unaddressed, old, dead))
    pending, fresh, stuck, failed = session.execute(select(*counts)).one()
    return Figures(pending=pending + fresh, stuck=stuck, failed=failed)


def page(session: Session, *, limit: int, offset: int) -> tuple[list[NoticeOut], int]:
    """A page of notices, the latest first; questions to subscribers are nobody's business."""
    query = select(Notice).where(Notice.kind != NoticeKind.SUBSCRIPTION)
    part = pages.keys(query, Notice.id.desc(), limit=limit, offset=offset)
    counted = session.execute(
        select(Notice, part.c.total, Delivery.state, func.count())
        .join(part, part.c.id == Notice.id)
        .outerjoin(Delivery, Delivery.notice_id == Notice.id)
        .group_by(Notice.id, part.c.total, Delivery.state)
        .order_by(Notice.id.desc())
    ).all()
    found = {(row.id, state): number for row, _, state, number in counted}
    total = counted[0].total if counted else pages.beyond(session, query, offset)
    items = [
        NoticeOut.of(
            row,
            is_addressed=row.addressed_at is not None,
            sent=found.get((row.id, State.SENT), 0),
            pending=found.get((row.id, State.PENDING), 0) + found.get((row.id, State.SENDING), 0),
            dead=found.get((row.id, State.DEAD), 0),
            dropped=found.get((row.id, State.DROPPED), 0),
        )
        for row in dict.fromkeys(row for row, *_ in counted)
    ]
    return items, total


def dead_letters(session: Session, *, limit: int) -> list[DeadLetter]:
    """What is tried no more, the latest first."""
    rows = session.execute(
        select(Delivery, Notice.title)
        .join(Notice, Notice.id == Delivery.notice_id)
        .where(Delivery.state == State.DEAD)
        .order_by(Delivery.settled_at.desc())
        .limit(limit)
    )
    return [
        DeadLetter(
            id=row.id,
            recipient=row.recipient,
            queue=row.queue,
            title=title,
            attempts=row.attempts,
            error=row.error,
            settled_at=row.settled_at,
        )
        for row, title in rows
    ]
