"""What leaves the outbox unsent, or long after it was sent."""

from datetime import datetime, timedelta

from sqlalchemy import Select, delete, select, update
from sqlalchemy.orm import Session

from portal.notify.outbox import superseding
from portal.notify.outbox.delivery import FAILED_SHOWN, Delivery, State, is_in, name_of
from portal.status.notices import Notice

# Notices with their numbers, and single deliveries unless a setting says otherwise.
KEPT = timedelta(days=90)
DELIVERIES_KEPT = timedelta(days=3)
SWEPT_AT_ONCE = 5000


def sweep(session: Session, *, now: datetime, keep: timedelta = DELIVERIES_KEPT) -> bool:
    """Forget some deliveries that were settled long ago, and notices; True when there may be more.

    What failed is kept as long as it counts.
    """
    for is_of_these, kept in (
        (~is_in(State.DEAD), keep),
        (is_in(State.DEAD), max(keep, FAILED_SHOWN)),
    ):
        old = select(Delivery.id).where(is_of_these, Delivery.settled_at <= now - kept)
        if _delete(session, old) == SWEPT_AT_ONCE:
            return True
    notice = session.scalar(
        select(Notice.id).where(Notice.created_at <= now - KEPT).order_by(Notice.id).limit(1)
    )
    if notice is None:
        return False
    if _delete(session, select(Delivery.id).where(Delivery.notice_id == notice)) < SWEPT_AT_ONCE:
        session.execute(delete(Notice).where(Notice.id == notice))
    return True


def _delete(session: Session, which: Select[int]) -> int:
    gone = session.execute(delete(Delivery).where(Delivery.id.in_(which.limit(SWEPT_AT_ONCE))))
    count: int = gone.rowcount  # type: ignore[attr-defined]
    return count


def drop_of(session: Session, subscriber: int, *, now: datetime) -> None:
    """What was on its way to someone who unsubscribes is not sent any more."""
    mine = Delivery.recipient == name_of(subscriber)
    superseding.drop(session, mine, "unsubscribed meanwhile", now=now)


def drop_all(session: Session, reason: str, *, now: datetime) -> int:
    """Send nothing of what waits; how many deliveries that drops."""
    session.execute(update(Notice).where(Notice.addressed_at.is_(None)).values(addressed_at=now))
    for row in session.scalars(select(Delivery).where(is_in(State.SENDING)).with_for_update()):
        row.put_back(now)
    session.flush()
    dropped, behind = 0, 0
    while True:
        waiting = select(Delivery.id).where(is_in(State.PENDING), Delivery.id > behind)
        last = superseding.last_of_some(session, waiting)
        if last is None:
            return dropped
        some = Delivery.id.between(behind + 1, last)
        dropped, behind = dropped + superseding.drop(session, some, reason, now=now), last
