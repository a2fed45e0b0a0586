"""Claims: taking what is due, writing down how it went, giving back what others left behind."""

import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, exists, or_, select
from sqlalchemy.orm import Session, aliased

from portal.notify.outbox.delivery import (
    STUCK_AFTER,
    Claim,
    Delivery,
    Outcome,
    Result,
    State,
    subscriber_of,
)
from portal.notify.subscribers import Subscriber
from portal.status.notices import NEWS, Notice

# After these a delivery is tried again, and then no more.
PAUSES = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
)
# Nothing is put off for so long: what is due later was written by a clock that was set back since.
LONGEST_WAIT = timedelta(hours=6)
# Whoever delivers renews its claims within this time; one that ran out counts as stuck.
CLAIMED_FOR = timedelta(seconds=60)


def queues(session: Session, *, now: datetime) -> list[str]:
    """The ways out on which something is due."""
    return list(
        session.scalars(
            select(Delivery.queue).where(Delivery.state == State.PENDING, _is_due(now)).distinct()
        )
    )


def has_work(now: datetime) -> ColumnElement[bool]:
    """Whether a notice waits for its recipients, or a delivery for its turn; to be selected."""
    due = exists().where(Delivery.state == State.PENDING, _is_due(now))
    return or_(exists().where(Notice.addressed_at.is_(None)), due)


def claim(session: Session, queue: str, *, by: str, most: int, now: datetime) -> list[Claim]:
    """Take what is due on a queue; what nobody needs to hear any more is settled on the way."""
    busy = select(Delivery.recipient).where(
        Delivery.queue == queue, Delivery.state == State.SENDING
    )
    due = session.scalars(
        select(Delivery)
        .where(
            Delivery.queue == queue,
            Delivery.state == State.PENDING,
            _is_due(now),
            Delivery.recipient.not_in(busy),
        )
        .order_by(Delivery.due_at, Delivery.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    ).all()
    rows = _one_each(due)
    told = {
        one.id: one
        for one in session.scalars(
            select(Notice).where(Notice.id.in_({row.notice_id for row in rows}))
        )
    }
    numbers = {subscriber_of(row.recipient) for row in rows} - {None}
    people = {
        one.id: one for one in session.scalars(select(Subscriber).where(Subscriber.id.in_(numbers)))
    }
    overtaken = _overtaken(session, rows, told, now)
    claims = []
    for row in rows:
        notice, number = told[row.notice_id], subscriber_of(row.recipient)
        person = people.get(number) if number is not None else None
        if number is not None and person is None:
            row.settle(State.DROPPED, "unsubscribed meanwhile", now)
        elif row.id in overtaken:
            row.settle(State.DROPPED, "overtaken by later news of the same", now)
        elif now - notice.created_at > NEWS:
            row.settle(State.DEAD, row.error or "could not be sent within a day", now)
        else:
            row.state, row.claimed_by, row.claimed_until = State.SENDING, by, now + CLAIMED_FOR
            claims.append(Claim(row.id, by, row.recipient, row.queue, notice, person))
    return claims


def is_held(session: Session, claim: Claim) -> bool:
    """Whether the delivery is still whose claim it was."""
    held = select(Delivery.id).where(
        Delivery.id == claim.delivery,
        Delivery.state == State.SENDING,
        Delivery.claimed_by == claim.by,
    )
    return session.scalar(held) is not None


def _is_due(now: datetime) -> ColumnElement[bool]:
    return or_(Delivery.due_at <= now, Delivery.due_at > now + LONGEST_WAIT)


def _one_each(due: Sequence[Delivery]) -> list[Delivery]:
    """One delivery a recipient at a time, the oldest first, so that news arrive in their order."""
    rows: dict[str, Delivery] = {}
    for row in sorted(due, key=lambda one: one.id):
        rows.setdefault(row.recipient, row)
    return list(rows.values())


def _overtaken(
    session: Session, rows: list[Delivery], told: Mapping[int, Notice], now: datetime
) -> set[int]:
    """Those whose recipient has, or after long waiting is about to have, later news of the same."""
    late = {
        row.id: row
        for row in rows
        if row.attempts or now - told[row.notice_id].created_at > STUCK_AFTER
    }
    if not late:
        return set()
    earlier = aliased(Notice)
    later = session.execute(
        select(earlier.id, Notice.id)
        .join(Notice, (Notice.kind == earlier.kind) & (Notice.ref == earlier.ref))
        .where(earlier.id.in_({row.notice_id for row in late.values()}), Notice.id > earlier.id)
    ).all()
    if not later:
        return set()
    known = session.execute(
        select(Delivery.notice_id, Delivery.recipient, Delivery.state).where(
            Delivery.notice_id.in_({number for _, number in later}),
            Delivery.recipient.in_({row.recipient for row in late.values()}),
        )
    )
    states = {(notice, recipient): state for notice, recipient, state in known}
    found = set()
    for row in late.values():
        is_old = now - told[row.notice_id].created_at > STUCK_AFTER
        enough = {State.SENT, State.SENDING, State.PENDING} if is_old else {State.SENT}
        if any(
            states.get((number, row.recipient)) in enough
            for first, number in later
            if first == row.notice_id
        ):
            found.add(row.id)
    return found


def settle(session: Session, outcomes: Iterable[tuple[Claim, Outcome]], *, now: datetime) -> None:
    """Write down how tries went; what was settled before is not changed."""
    found = {claim.delivery: (claim, outcome) for claim, outcome in outcomes}
    rows = session.scalars(
        select(Delivery)
        .where(Delivery.id.in_(found), Delivery.state.in_([State.SENDING, State.PENDING]))
        .with_for_update()
    ).all()
    for row in rows:
        claim, outcome = found[row.id]
        is_held = row.state == State.SENDING and row.claimed_by == claim.by
        if not is_held and outcome.result is not Result.SENT:
            # Old news of a try that was given up; only that it arrived would matter.
            continue
        if outcome.result is Result.SENT:
            row.settle(State.SENT, "", now)
        elif outcome.result is Result.REFUSED:
            row.settle(State.DEAD, outcome.reason, now, tries=1)
        elif outcome.result is Result.GONE:
            row.settle(State.DROPPED, outcome.reason, now)
            number = subscriber_of(row.recipient)
            session.execute(delete(Subscriber).where(Subscriber.id == number))
        elif outcome.result is Result.CLOSED:
            row.put_back(now)
            row.error = outcome.reason[:200]
        elif row.attempts >= len(PAUSES):
            row.settle(State.DEAD, outcome.reason, now, tries=1)
        else:
            pause = PAUSES[row.attempts] * random.uniform(0.8, 1.2)
            row.put_back(now + pause)
            row.attempts += 1
            row.error = outcome.reason[:200]


def release(session: Session, *, by: str, under_way: Collection[int], now: datetime) -> int:
    """Renew what is under way here, and give back what all others hold; how many that were.

    Only one delivers at a time, so that whatever another holds was left behind.
    """
    rows = session.scalars(
        select(Delivery).where(Delivery.state == State.SENDING).with_for_update()
    ).all()
    released = 0
    for row in rows:
        if row.claimed_by == by and row.id in under_way:
            row.claimed_until = now + CLAIMED_FOR
        else:
            row.put_back(now)
            released += 1
    return released


def retry(session: Session, number: int, *, now: datetime) -> Delivery | None:
    """Give a dead letter another life."""
    row = session.get(Delivery, number, with_for_update=True)
    if row is None or row.state != State.DEAD:
        return None
    notice = session.get(Notice, row.notice_id)
    assert notice is not None
    # An operator's word makes it news again.
    notice.created_at = max(notice.created_at, now - NEWS / 2)
    row.put_back(now)
    row.attempts, row.settled_at = 0, None
    return row
