"""What is due: on which queues, and the next of one, the urgent first."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session

from portal.notify.outbox.delivery import Delivery, State, is_in
from portal.status.notices import Notice, Urgency

# Nothing is put off for so long: what is due later was written by a clock that was set back since.
LONGEST_WAIT = timedelta(hours=6)


_NOW: BindParameter[datetime] = bindparam("now")
_FAR: BindParameter[datetime] = bindparam("far")
# The parts of a queue's index in which all is due, in the order of sending.
_RANGES = (
    *(and_(Delivery.urgency == one.value, Delivery.due_at <= _NOW) for one in Urgency),
    *(and_(Delivery.urgency == one.value, Delivery.due_at > _FAR) for one in Urgency),
)


# Asked for each handful of mails: to put such a statement together takes longer than its answer.
@cache
def _queues() -> Select[str]:
    known = select(func.min(Delivery.queue).label("queue")).where(is_in(State.PENDING))
    each = known.cte("queues", recursive=True)
    after = select(func.min(Delivery.queue)).where(
        is_in(State.PENDING), Delivery.queue > each.c.queue
    )
    each = each.union_all(select(after.scalar_subquery()).where(each.c.queue.is_not(None)))
    is_due = or_(
        *(
            exists().where(is_in(State.PENDING), Delivery.queue == each.c.queue, part)
            for part in _RANGES
        )
    )
    return select(each.c.queue).where(each.c.queue.is_not(None), is_due)


def _following(part: ColumnElement[bool]) -> Select[Delivery]:
    busy = select(Delivery.recipient).where(
        Delivery.queue == bindparam("queue"), is_in(State.SENDING)
    )
    return (
        select(Delivery)
        .where(
            Delivery.queue == bindparam("queue"),
            is_in(State.PENDING),
            part,
            Delivery.recipient.not_in(busy),
        )
        .order_by(Delivery.due_at, Delivery.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
    )


@cache
def _next() -> list[Select[Delivery]]:
    return [_following(part) for part in _RANGES]


def queues(session: Session, *, now: datetime) -> list[str]:
    """The ways out on which something is due; each is looked up, not each delivery."""
    return list(session.scalars(_queues(), {"now": now, "far": now + LONGEST_WAIT}))


def has_work(now: datetime) -> ColumnElement[bool]:
    """Whether a notice waits for its recipients, or a delivery for its turn; to be selected."""
    is_due = or_(Delivery.due_at <= now, Delivery.due_at > now + LONGEST_WAIT)
    due = exists().where(is_in(State.PENDING), is_due)
    return or_(exists().where(Notice.is_to_address(now)), due)


def is_waiting() -> ColumnElement[bool]:
    """Whether anything is put off or under way, and wants a look by the clock; to be selected."""
    return or_(
        exists().where(Notice.addressed_at.is_(None)),
        exists().where(is_in(State.PENDING)),
        exists().where(is_in(State.SENDING)),
    )


def following(session: Session, queue: str, most: int, now: datetime) -> list[Delivery]:
    """The next of a queue, without those whose recipients have another one under way."""
    found: list[Delivery] = []
    for query in _next():
        if len(found) < most:
            values = {"queue": queue, "most": most - len(found), "now": now}
            found += session.scalars(query, values | {"far": now + LONGEST_WAIT})
    return _one_each(found)


def _one_each(due: Iterable[Delivery]) -> list[Delivery]:
    """One delivery a recipient at a time, the oldest first, so that news arrive in their order."""
    rows: dict[str, Delivery] = {}
    for row in sorted(due, key=lambda one: (one.urgency, one.id)):
        rows.setdefault(row.recipient, row)
    return list(rows.values())
