"""The outbox as operators see it: its queue, the notices, and what is tried no more."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from portal.notify.outbox.delivery import FAILED_SHOWN, STUCK_AFTER, Delivery, State, is_in
from portal.schemas import Camel
from portal.status.notices import Notice, NoticeKind
from portal.store import pages


class Figures(Camel):
    """The outbox as the queue of a worker."""

    pending: int
    stuck: int
    failed: int


class NoticeOut(Camel):
    """A notice, and how many of its deliveries are in which state.

    `lastAt` is when the last that waits will have been told, at the set rate of mails.
    """

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
    last_at: datetime | None


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
    number = select(func.count()).select_from(Delivery)
    is_old = Notice.created_at < now - STUCK_AFTER
    # Of each notice at once, from an index: not a look at the notice for each that waits.
    waiting = (
        select(Delivery.notice_id, func.count().label("number"))
        .where(is_in(State.PENDING))
        .group_by(Delivery.notice_id)
        .subquery()
    )
    pending = select(func.coalesce(func.sum(waiting.c.number), 0))
    under_way = number.join(Notice, Notice.id == Delivery.notice_id).where(is_in(State.SENDING))
    counts = (
        pending,
        number.where(is_in(State.SENDING)),
        select(func.count()).select_from(Notice).where(Notice.addressed_at.is_(None)),
        pending.join(Notice, Notice.id == waiting.c.notice_id).where(is_old),
        # Its holder has died: it waits for the next one.
        under_way.where(or_(is_old, Delivery.claimed_until < now)),
        number.where(is_in(State.DEAD), Delivery.settled_at > now - FAILED_SHOWN),
    )
    open_, sending, fresh, stuck, left, failed = session.execute(
        select(*(one.scalar_subquery() for one in counts))
    ).one()
    return Figures(pending=open_ + sending + fresh, stuck=stuck + left, failed=failed)


def page(
    session: Session, *, limit: int, offset: int, rate: float, now: datetime
) -> tuple[list[NoticeOut], int]:
    """A page of notices, the latest first; questions to subscribers are nobody's business.

    `rate` is that of mails, a second: by it the page says when the last of each will be told.
    """
    query = select(Notice).where(Notice.kind != NoticeKind.SUBSCRIPTION)
    rows, total = pages.page(session, query, Notice.id.desc(), limit=limit, offset=offset)
    ends = _ends(rows, rate, now)
    items = [
        NoticeOut.of(row, is_addressed=row.addressed_at is not None, last_at=ends.get(row.id))
        for row in rows
    ]
    return items, total


def _ends(rows: Iterable[Notice], rate: float, now: datetime) -> dict[int, datetime]:
    """When the last of each will be told: they go out in this order, and share the rate."""
    found, ahead = {}, 0
    for row in sorted(rows, key=lambda one: (one.urgency, one.id)):
        ahead += row.pending
        if row.pending and row.addressed_at is not None:
            found[row.id] = now + timedelta(seconds=ahead / rate)
    return found


def dead_letters(session: Session, *, limit: int) -> list[DeadLetter]:
    """What is tried no more, the latest first."""
    rows = session.execute(
        select(Delivery, Notice.title)
        .join(Notice, Notice.id == Delivery.notice_id)
        .where(is_in(State.DEAD))
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
