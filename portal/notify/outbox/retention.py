"""What leaves the outbox unsent, or long after it was sent."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from portal.notify.outbox.delivery import Delivery, State, name_of
from portal.status.notices import Notice

KEPT = timedelta(days=90)
SWEPT_AT_ONCE = 5000


def sweep(session: Session, *, now: datetime) -> bool:
    """Forget some that were told more than ninety days ago; True when there may be more."""
    old = session.scalars(
        select(Notice.id).where(Notice.created_at <= now - KEPT).order_by(Notice.id).limit(1)
    ).first()
    if old is None:
        return False
    some = select(Delivery.id).where(Delivery.notice_id == old).limit(SWEPT_AT_ONCE)
    gone = session.execute(delete(Delivery).where(Delivery.id.in_(some)))
    if gone.rowcount < SWEPT_AT_ONCE:  # type: ignore[attr-defined]
        session.execute(delete(Notice).where(Notice.id == old))
    return True


def drop_of(session: Session, subscriber: int, *, now: datetime) -> None:
    """What was on its way to someone who unsubscribes is not sent any more."""
    session.execute(
        update(Delivery)
        .where(Delivery.recipient == name_of(subscriber), Delivery.state == State.PENDING)
        .values(state=State.DROPPED.value, settled_at=now, error="unsubscribed meanwhile")
    )


def drop_all(session: Session, reason: str, *, now: datetime) -> int:
    """Send nothing of what waits; how many deliveries that drops."""
    session.execute(update(Notice).where(Notice.addressed_at.is_(None)).values(addressed_at=now))
    waiting = Delivery.state.in_([State.PENDING, State.SENDING])
    count = session.scalar(select(func.count()).select_from(Delivery).where(waiting)) or 0
    session.execute(
        update(Delivery)
        .where(waiting)
        .values(state=State.DROPPED.value, settled_at=now, error=reason, claimed_by="")
    )
    return count
