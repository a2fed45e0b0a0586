"""The outbox: who is to be told what, and how far that is.

A notice is addressed by the worker, some hundreds at a time, so that publishing returns at once
whatever the number of subscribers. One delivery is one notice to one recipient; the database holds
that there are never two.
"""

import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from portal.notify import subscribers
from portal.notify.subscribers import MAIL, Subscriber
from portal.schemas import Camel
from portal.status.notices import NEWS, Notice, NoticeKind
from portal.store.base import Base

AT_ONCE = 500
SWEPT_AT_ONCE = 5000
# After these a delivery is tried again, and then no more.
PAUSES = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
)
STUCK_AFTER = timedelta(minutes=15)
# Nothing is put off for so long: what is due later was written by a clock that was set back since.
LONGEST_WAIT = timedelta(hours=6)
# Whoever took a delivery and was not heard of for so long is gone.
CLAIMED_FOR = timedelta(minutes=10)
FAILED_SHOWN = timedelta(days=7)
KEPT = timedelta(days=90)
CHAT = "chat "


class State(StrEnum):
    """How far a delivery is; `dead` is tried no more, `dropped` is not wanted any more."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"
    DROPPED = "dropped"


class Delivery(Base):
    """A notice to a recipient: a subscriber by number, or one of the operators' chats."""

    __tablename__ = "delivery"

    id: Mapped[int] = mapped_column(primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id", ondelete="CASCADE"))
    recipient: Mapped[str] = mapped_column(String(80))
    lane: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(8))
    attempts: Mapped[int]
    due_at: Mapped[datetime]
    claimed_by: Mapped[str] = mapped_column(String(80))
    claimed_until: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(String(200))

    __table_args__ = (
        UniqueConstraint("notice_id", "recipient"),
        Index("ix_delivery_state_lane_due_at", "state", "lane", "due_at"),
        # So that counting thirty notices of ten thousand each reads no row.
        Index("ix_delivery_notice_id_state", "notice_id", "state"),
    )


class Result(StrEnum):
    """How a try went."""

    SENT = "sent"
    # Never will: the address does not exist, the target may not be called.
    REFUSED = "refused"
    LATER = "later"
    # Nothing was said of this one: the way out is closed, for all who share it.
    CLOSED = "closed"
    # The recipient wants to hear no more.
    GONE = "gone"


@dataclass(frozen=True)
class Outcome:
    """What became of a try; `reason` is for operators and holds no address and no secret."""

    delivery: int
    result: Result
    reason: str = ""


@dataclass(frozen=True)
class Parcel:
    """A claimed delivery with what its channel needs."""

    delivery: int
    recipient: str
    lane: str
    notice: Notice
    subscriber: Subscriber | None


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
    lane: str
    title: str
    attempts: int
    error: str
    settled_at: datetime | None


def address(session: Session, chats: Iterable[str], *, now: datetime) -> bool:
    """Address the oldest notices to the next hundreds of recipients; False when none is left."""
    notice = session.scalar(
        select(Notice).where(Notice.addressed_at.is_(None)).order_by(Notice.id).with_for_update()
    )
    if notice is None:
        return False
    rows: list[tuple[str, str]] = []
    if _is_overtaken(session, notice, now):
        notice.addressed_at = now
    elif notice.kind == NoticeKind.SUBSCRIPTION:
        rows = [(_name(int(notice.ref)), MAIL)]
        notice.addressed_at = now
    else:
        found = subscribers.after(
            session, notice.position, before=notice.created_at, now=now, most=AT_ONCE
        )
        rows = [(_name(one.id), one.lane) for one in found if one.wants(notice)]
        if len(found) == AT_ONCE:
            notice.position = found[-1].id
        else:
            rows += [(f"{CHAT}{name}", f"{CHAT}{name}") for name in chats]
            notice.addressed_at = now
    if rows:
        session.execute(
            insert(Delivery),
            [
                {
                    "notice_id": notice.id,
                    "recipient": recipient,
                    "lane": lane,
                    "state": State.PENDING.value,
                    "attempts": 0,
                    "due_at": now,
                    "claimed_by": "",
                    "claimed_until": None,
                    "settled_at": None,
                    "error": "",
                }
                for recipient, lane in rows
            ],
        )
    return True


def _is_overtaken(session: Session, notice: Notice, now: datetime) -> bool:
    """Whether nobody delivered for so long that there is later news of the same thing.

    Who comes back after an outage of the worker is told how things stand, not all they missed;
    the page that the mail leads to has every word.
    """
    if notice.position or now - notice.created_at < STUCK_AFTER:
        return False
    later = select(Notice.id).where(
        Notice.kind == notice.kind, Notice.ref == notice.ref, Notice.id > notice.id
    )
    return session.scalar(later.limit(1)) is not None


def has_unaddressed(session: Session) -> bool:
    return session.scalar(select(Notice.id).where(Notice.addressed_at.is_(None)).limit(1)) is not (
        None
    )


def _name(subscriber: int) -> str:
    return f"subscriber {subscriber}"


def subscriber_of(recipient: str) -> int | None:
    """The number of a subscriber, None when the recipient is none."""
    kind, _, number = recipient.partition(" ")
    return int(number) if kind == "subscriber" else None


def lanes(session: Session, *, now: datetime) -> list[str]:
    """The ways out on which something is due."""
    return list(
        session.scalars(
            select(Delivery.lane).where(Delivery.state == State.PENDING, _is_due(now)).distinct()
        )
    )


def claim(session: Session, lane: str, *, by: str, most: int, now: datetime) -> list[Parcel]:
    """Take what is due on a lane; what nobody needs to hear any more is settled on the way."""
    busy = select(Delivery.recipient).where(Delivery.lane == lane, Delivery.state == State.SENDING)
    due = session.scalars(
        select(Delivery)
        .where(
            Delivery.lane == lane,
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
    parcels = []
    for row in rows:
        notice, number = told[row.notice_id], subscriber_of(row.recipient)
        person = people.get(number) if number is not None else None
        if number is not None and person is None:
            _settle(row, State.DROPPED, "unsubscribed meanwhile", now)
        elif row.id in overtaken:
            _settle(row, State.DROPPED, "overtaken by later news of the same", now)
        elif now - notice.created_at > NEWS:
            _settle(row, State.DEAD, row.error or "could not be sent within a day", now)
        else:
            row.state, row.claimed_by, row.claimed_until = State.SENDING, by, now + CLAIMED_FOR
            parcels.append(Parcel(row.id, row.recipient, row.lane, notice, person))
    return parcels


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


def settle(session: Session, outcomes: Iterable[Outcome], *, of: str, now: datetime) -> None:
    """Write down how the tries of a node went; what was settled before is not changed."""
    found = {one.delivery: one for one in outcomes}
    rows = session.scalars(
        select(Delivery)
        .where(Delivery.id.in_(found), Delivery.state.in_([State.SENDING, State.PENDING]))
        .with_for_update()
    ).all()
    for row in rows:
        outcome = found[row.id]
        is_ours = row.state == State.SENDING and row.claimed_by.startswith(f"{of} ")
        if not is_ours and outcome.result is not Result.SENT:
            # Old news of a try that was given up; only that it arrived would matter.
            continue
        if outcome.result is Result.SENT:
            _settle(row, State.SENT, "", now)
        elif outcome.result is Result.REFUSED:
            _settle(row, State.DEAD, outcome.reason, now, tries=1)
        elif outcome.result is Result.GONE:
            _settle(row, State.DROPPED, outcome.reason, now)
            number = subscriber_of(row.recipient)
            session.execute(delete(Subscriber).where(Subscriber.id == number))
        elif outcome.result is Result.CLOSED:
            _release(row, now)
            row.error = outcome.reason[:200]
        elif row.attempts >= len(PAUSES):
            _settle(row, State.DEAD, outcome.reason, now, tries=1)
        else:
            pause = PAUSES[row.attempts] * random.uniform(0.8, 1.2)
            _release(row, now + pause)
            row.attempts += 1
            row.error = outcome.reason[:200]


def release(
    session: Session, *, of: str, but: str, under_way: Collection[int], is_mail: bool, now: datetime
) -> int:
    """Give back what others of this node took before they died, and what nobody speaks of.

    What is under way here is not given back, however long it takes.
    """
    rows = session.scalars(
        select(Delivery)
        .where(
            Delivery.state == State.SENDING,
            (Delivery.lane == MAIL) == is_mail,
            Delivery.id.not_in(under_way),
            or_(
                Delivery.claimed_by.startswith(f"{of} ") & (Delivery.claimed_by != but),
                Delivery.claimed_until < now,
                # Taken by a clock that was set back since.
                Delivery.claimed_until > now + CLAIMED_FOR,
            ),
        )
        .with_for_update()
    ).all()
    for row in rows:
        _release(row, now)
    return len(rows)


def _release(row: Delivery, due_at: datetime) -> None:
    row.state, row.due_at = State.PENDING.value, due_at
    row.claimed_by, row.claimed_until = "", None


def _settle(row: Delivery, state: State, reason: str, now: datetime, *, tries: int = 0) -> None:
    row.state, row.settled_at, row.error = state.value, now, reason[:200]
    row.claimed_by, row.claimed_until = "", None
    row.attempts += tries


def try_again(session: Session, number: int, *, now: datetime) -> Delivery | None:
    """Give a dead letter another life."""
    row = session.get(Delivery, number, with_for_update=True)
    if row is None or row.state != State.DEAD:
        return None
    notice = session.get(Notice, row.notice_id)
    assert notice is not None
    # An operator's word makes it news again.
    notice.created_at = max(notice.created_at, now - NEWS / 2)
    _release(row, now)
    row.attempts, row.settled_at = 0, None
    return row


def figures(session: Session, *, now: datetime) -> Figures:
    """The queue: what waits, what has waited for long, and what died within a week."""
    open_states = [State.PENDING, State.SENDING]
    waiting = select(func.count()).select_from(Delivery).where(Delivery.state.in_(open_states))
    unaddressed = select(func.count()).select_from(Notice).where(Notice.addressed_at.is_(None))
    old = (
        select(func.count())
        .select_from(Delivery)
        .join(Notice, Notice.id == Delivery.notice_id)
        .where(Delivery.state.in_(open_states), Notice.created_at < now - STUCK_AFTER)
    )
    dead = (
        select(func.count())
        .select_from(Delivery)
        .where(Delivery.state == State.DEAD, Delivery.settled_at > now - FAILED_SHOWN)
    )
    return Figures(
        pending=(session.scalar(waiting) or 0) + (session.scalar(unaddressed) or 0),
        stuck=session.scalar(old) or 0,
        failed=session.scalar(dead) or 0,
    )


def page(session: Session, *, limit: int, offset: int) -> tuple[list[NoticeOut], int]:
    """A page of notices, the latest first; questions to subscribers are nobody's business."""
    query = select(Notice).where(Notice.kind != NoticeKind.SUBSCRIPTION)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.scalars(query.order_by(Notice.id.desc()).limit(limit).offset(offset)).all()
    counted = session.execute(
        select(Delivery.notice_id, Delivery.state, func.count())
        .where(Delivery.notice_id.in_([row.id for row in rows]))
        .group_by(Delivery.notice_id, Delivery.state)
    )
    found = {(notice, state): number for notice, state, number in counted}
    items = [
        NoticeOut(
            id=row.id,
            kind=row.kind,
            event=row.event,
            ref=row.ref,
            title=row.title,
            created_at=row.created_at,
            is_addressed=row.addressed_at is not None,
            sent=found.get((row.id, State.SENT), 0),
            pending=found.get((row.id, State.PENDING), 0) + found.get((row.id, State.SENDING), 0),
            dead=found.get((row.id, State.DEAD), 0),
            dropped=found.get((row.id, State.DROPPED), 0),
        )
        for row in rows
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
            lane=row.lane,
            title=title,
            attempts=row.attempts,
            error=row.error,
            settled_at=row.settled_at,
        )
        for row, title in rows
    ]


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
        .where(Delivery.recipient == _name(subscriber), Delivery.state == State.PENDING)
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
