"""What is due: on which queues, and the next of one, the urgent first."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from portal.notify.outbox.delivery import Delivery, State, is_in
from portal.status.notices import Notice, Urgency

# Nothing is put off for so long: what is due later was written by a clock that was set back since.
LONGEST_WAIT = timedelta(hours=6)


def queues(session: Session, *, now: datetime) -> list[str]:
    """The ways out on which something is due; each is looked up, not each delivery."""
    known = select(func.min(Delivery.queue).label("queue")).where(is_in(State.PENDING))
    each = known.cte("queues", recursive=True)
    after = select(func.min(Delivery.queue)).where(
        is_in(State.PENDING), Delivery.queue > each.c.queue
    )
    each = each.union_all(select(after.scalar_subquery()).where(each.c.queue.is_not(None)))
    is_due = or_(
        *(
            exists().where(is_in(State.PENDING), Delivery.queue == each.c.queue, one)
            for one in _ranges(now)
        )
    )
    return list(session.scalars(select(each.c.queue).where(each.c.queue.is_not(None), is_due)))


def has_work(now: datetime) -> ColumnElement[bool]:
    """Whether a notice waits for its recipients, or a delivery for its turn; to be selected."""
    due = exists().where(is_in(State.PENDING), _is_due(now))
    return or_(exists().where(Notice.addressed_at.is_(None)), due)


def following(session: Session, queue: str, most: int, now: datetime) -> list[Delivery]:
    """The next of a queue, without those whose recipients have another one under way."""
    busy = select(Delivery.recipient).where(Delivery.queue == queue, is_in(State.SENDING))
    found: list[Delivery] = []
    for part in _ranges(now):
        if len(found) < most:
            found += session.scalars(
                select(Delivery)
                .where(
                    Delivery.queue == queue,
                    is_in(State.PENDING),
                    part,
                    Delivery.recipient.not_in(busy),
                )
                .order_by(Delivery.due_at, Delivery.id)
                .limit(most - len(found))
                .with_for_update(skip_locked=True)
            )
    return _one_each(found)


def _one_each(due: Iterable[Delivery]) -> list[Delivery]:
    """One delivery a recipient at a time, the oldest first, so that news arrive in their order."""
    rows: dict[str, Delivery] = {}
    for row in sorted(due, key=lambda one: (one.urgency, one.id)):
        rows.setdefault(row.recipient, row)
    return list(rows.values())


def _is_due(now: datetime) -> ColumnElement[bool]:
    return or_(Delivery.due_at <= now, Delivery.due_at > now + LONGEST_WAIT)


def _ranges(now: datetime) -> Iterator[ColumnElement[bool]]:
    """The parts of a queue's index in which all is due, in the order of sending."""
    for urgency in Urgency:
        yield and_(Delivery.urgency == urgency.value, Delivery.due_at <= now)
    for urgency in Urgency:
        yield and_(Delivery.urgency == urgency.value, Delivery.due_at > now + LONGEST_WAIT)
