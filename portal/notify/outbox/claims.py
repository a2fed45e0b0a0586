"""Claims: taking what is due, writing down how it went, giving back what others left behind."""

import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from portal.notify.outbox import addressing, counts, due, superseding
from portal.notify.outbox.delivery import (
    Claim,
    Delivery,
    Outcome,
    Result,
    State,
    is_in,
    subscriber_of,
)
from portal.notify.subscribers import MAIL, Subscriber
from portal.status.notices import NEWS, Notice

# After these a delivery is tried again, and then no more.
PAUSES = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
)
# Whoever delivers renews its claims within this time; one that ran out counts as stuck.
CLAIMED_FOR = timedelta(seconds=60)
# How often it looks past what nobody needs to hear any more.
LOOKS = 3
_OPEN = (State.SENDING, State.PENDING)
_TABLE = Delivery.__table__
# Asked for each handful of mails: to put such a statement together takes longer than its answer.
_HELD = select(_TABLE.c.id, _TABLE.c.claimed_by).where(
    _TABLE.c.id.in_(bindparam("numbers", expanding=True)), _TABLE.c.state == State.SENDING.value
)
_SENT = (
    update(_TABLE)  # type: ignore[arg-type]
    .where(_TABLE.c.id.in_(bindparam("numbers", expanding=True)), _TABLE.c.state.in_(_OPEN))
    .values(
        state=State.SENT.value,
        settled_at=bindparam("now"),
        error="",
        claimed_by="",
        claimed_until=None,
    )
    .returning(_TABLE.c.notice_id)
)
Row = TypeVar("Row", Notice, Subscriber)


class Claims(list[Claim]):
    """What was taken; `settled` is how many were dropped or given up on the way."""

    settled = 0


def claim(session: Session, queue: str, *, by: str, most: int, now: datetime) -> Claims:
    """Take what is due on a queue; what nobody needs to hear any more is settled on the way."""
    claims = Claims()
    for _ in range(LOOKS):
        rows = due.following(session, queue, most, now)
        if not rows:
            break
        notices = _by_number(session, Notice, {row.notice_id for row in rows})
        numbers = {subscriber_of(row.recipient) for row in rows} - {None}
        people = _by_number(session, Subscriber, numbers)
        claims.settled += _settle_idle(session, rows, notices, people, now)
        waiting = [row for row in rows if row.state == State.PENDING]
        for row in waiting:
            notice, number = notices[row.notice_id], subscriber_of(row.recipient)
            person = people[number] if number is not None else None
            claims.append(Claim(row.id, by, row.recipient, row.queue, notice, person))
            if queue == MAIL:
                notice.reached = number
        if waiting:
            _take(session, waiting, by, now)
            break
    return claims


def held(session: Session, claims: Sequence[Claim]) -> set[int]:
    """Of some claims those deliveries that are still whose claims they were."""
    if not claims:
        return set()
    known = {(one.delivery, one.by) for one in claims}
    rows = session.execute(_HELD, {"numbers": [one.delivery for one in claims]})
    return {number for number, by in rows if (number, by) in known}


def settle(session: Session, outcomes: Iterable[tuple[Claim, Outcome]], *, now: datetime) -> None:
    """Write down how tries went; what was settled before is not changed."""
    found = {claim.delivery: (claim, outcome) for claim, outcome in outcomes}
    sent = [number for number, (_, outcome) in found.items() if outcome.result is Result.SENT]
    if sent:
        _sent(session, sent, now)
    rest = found.keys() - sent
    if rest:
        rows = session.scalars(
            select(Delivery)
            .where(Delivery.id.in_(rest), Delivery.state.in_(_OPEN))
            .order_by(Delivery.id)
            .with_for_update()
        ).all()
        for row in rows:
            claim, outcome = found[row.id]
            # Old news of a try that was given up; only that it arrived would matter.
            if row.state == State.SENDING and row.claimed_by == claim.by:
                _failed(session, row, claim, outcome, now)


def _sent(session: Session, numbers: list[int], now: datetime) -> None:
    told = session.scalars(_SENT, {"numbers": numbers, "now": now}).all()
    counts.add(session, State.SENT, told)
    # What the session has read before is not what is there now.
    session.expire_all()


def _failed(session: Session, row: Delivery, claim: Claim, outcome: Outcome, now: datetime) -> None:
    """A try that did not bring the news over."""
    if outcome.result is Result.GONE:
        row.settle(State.DROPPED, outcome.reason, now)
        counts.add(session, State.DROPPED, [row.notice_id])
        number = subscriber_of(row.recipient)
        person = session.get(Subscriber, number) if number is not None else None
        # In SQLite the next who subscribes may have the number: neither they nor what waits for
        # them is gone.
        if person is None or _is_same(person, claim.subscriber):
            mine = Delivery.recipient == row.recipient
            superseding.drop(session, mine, "unsubscribed meanwhile", now=now)
            session.execute(delete(Subscriber).where(Subscriber.id == number))
    elif outcome.result is Result.UNASKED:
        row.settle(State.DROPPED, outcome.reason, now, tries=1)
        counts.add(session, State.DROPPED, [row.notice_id])
    elif outcome.result is Result.CLOSED:
        row.put_back(now)
        row.error = outcome.reason[:200]
    elif outcome.result is Result.REFUSED or row.attempts >= len(PAUSES):
        row.settle(State.DEAD, outcome.reason, now, tries=1)
        counts.add(session, State.DEAD, [row.notice_id])
    else:
        pause = PAUSES[row.attempts] * random.uniform(0.8, 1.2)
        row.put_back(now + max(pause, outcome.after))
        row.attempts += 1
        row.error = outcome.reason[:200]


def _is_same(person: Subscriber, told: Subscriber | None) -> bool:
    return told is not None and (person.canonical, person.created_at) == (
        told.canonical,
        told.created_at,
    )


def release(session: Session, *, by: str, under_way: Collection[int], now: datetime) -> int:
    """Renew what is under way here, and give back what all others hold; how many that were.

    Only one delivers at a time, so that whatever another holds was left behind.
    """
    rows = session.scalars(select(Delivery).where(is_in(State.SENDING)).with_for_update()).all()
    released = 0
    for row in rows:
        if row.claimed_by == by and row.id in under_way:
            row.claimed_until = now + CLAIMED_FOR
        else:
            row.put_back(now)
            released += 1
    return released


def retry(session: Session, number: int, *, now: datetime) -> Delivery | None:
    """Give a dead letter another life, and those that were given up with it."""
    row = session.get(Delivery, number, with_for_update=True)
    if row is None or row.state != State.DEAD:
        return None
    if row.recipient == MAIL:
        addressing.readdress(session, row)
        return row
    superseding.revive(session, row, now=now)
    counts.add(session, State.DEAD, [row.notice_id], by=-1)
    notice = session.get(Notice, row.notice_id)
    assert notice is not None
    # An operator's word makes it news again.
    notice.created_at = max(notice.created_at, now - NEWS / 2)
    row.put_back(now)
    row.attempts, row.settled_at = 0, None
    return row


def _by_number(
    session: Session, table: type[Row], numbers: Collection[int | None]
) -> dict[int, Row]:
    if not numbers:
        return {}
    return {one.id: one for one in session.scalars(select(table).where(table.id.in_(numbers)))}


def _settle_idle(
    session: Session,
    rows: Sequence[Delivery],
    notices: Mapping[int, Notice],
    people: Mapping[int, Subscriber],
    now: datetime,
) -> int:
    """Drop and give up what need not be sent, and what waits behind it; how many."""
    settled = 0
    if any(_may_be_superseded(row, notices[row.notice_id], now) for row in rows):
        ids = [row.id for row in rows]
        settled += superseding.drop(
            session,
            Delivery.id.in_(ids) & superseding.is_superseded(now),
            superseding.OVERTAKEN,
            now=now,
        )
    gone = [
        row.id
        for row in rows
        if (number := subscriber_of(row.recipient)) is not None and number not in people
    ]
    if gone:
        settled += superseding.drop(
            session, Delivery.id.in_(gone), "unsubscribed meanwhile", now=now
        )
    for number, notice in notices.items():
        if now - notice.created_at > NEWS:
            settled += superseding.give_up(session, number, superseding.TOO_LATE, now=now)
    return settled


def _may_be_superseded(row: Delivery, notice: Notice, now: datetime) -> bool:
    return bool(row.attempts) or superseding.may_be_old(notice, now)


def _take(session: Session, rows: Sequence[Delivery], by: str, now: datetime) -> None:
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_([row.id for row in rows]))
        .values(state=State.SENDING.value, claimed_by=by, claimed_until=now + CLAIMED_FOR)
    )
