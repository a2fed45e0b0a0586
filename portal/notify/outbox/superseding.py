"""What nobody needs to hear any more: settled by one statement, however many deliveries it is.

The statements take some thousands at a time, since a statement has two seconds and acts of
operators wait while one writes.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from portal.notify.outbox import counts
from portal.notify.outbox.delivery import STUCK_AFTER, Delivery, State, is_in
from portal.status.notices import NEWS, Notice

SETTLED_AT_ONCE = 2000
OVERTAKEN = "overtaken by later news of the same"
TOO_LATE = "could not be sent within a day"
NO_SERVER = "No mail server is set"
GIVEN_UP = {TOO_LATE, NO_SERVER}
_ON_ITS_WAY = (State.SENT, State.SENDING, State.PENDING)

_own, _newer, _later = aliased(Notice), aliased(Notice), aliased(Delivery)


class Pair(NamedTuple):
    """A notice, and a newer one of the same."""

    old: int
    new: int


def _is_newer() -> ColumnElement[bool]:
    return and_(_newer.kind == _own.kind, _newer.ref == _own.ref, _newer.id > _own.id)


def _is_old_news(now: datetime) -> ColumnElement[bool]:
    """Whether it waited so long that newer news on its way is enough."""
    return _own.created_at < now - STUCK_AFTER


def may_be_old(notice: Notice, now: datetime) -> bool:
    """Whether newer news may supersede what nobody has tried to send."""
    return now - notice.created_at > STUCK_AFTER


def is_superseded(now: datetime) -> ColumnElement[bool]:
    """Whether the recipient of a delivery has, or is about to have, later news of the same.

    Who waited for long is told how things stand, not all they missed. What was tried in vain is
    not tried again once later news came through.
    """
    enough = or_(
        and_(_is_old_news(now), _later.state.in_(_ON_ITS_WAY)),
        and_(Delivery.attempts > 0, _later.state == State.SENT),
    )
    return exists(
        select(1)
        .select_from(_own)
        .join(_newer, _is_newer())
        .join(_later, and_(_later.notice_id == _newer.id, _later.recipient == Delivery.recipient))
        .where(_own.id == Delivery.notice_id, enough)
        .correlate(Delivery)
    )


def pairs(session: Session, *, now: datetime) -> set[Pair]:
    """Notices with deliveries that wait, each with a newer one that may supersede them.

    Both are addressed: who hears of what is known.
    """
    waiting = _own.recipients > _own.sent + _own.dead + _own.dropped
    rows = session.execute(
        select(_own.id, _newer.id)
        .join(_newer, _is_newer())
        .where(
            _own.created_at > now - NEWS,
            _own.addressed_at.is_not(None),
            _newer.addressed_at.is_not(None),
            waiting,
            _is_old_news(now),
        )
    )
    return {Pair(old, new) for old, new in rows}


def drop_superseded(
    session: Session, pair: Pair, *, behind: int = 0, now: datetime
) -> tuple[int, int | None]:
    """Drop what waits of the older and has the newer on its way, among the next some thousands.

    `behind` is the last delivery that was looked at. Gives how many were dropped, and the last that
    was looked at now; None when there are no more.
    """
    waiting = select(Delivery.id).where(
        is_in(State.PENDING), Delivery.notice_id == pair.old, Delivery.id > behind
    )
    last = last_of_some(session, waiting)
    if last is None:
        return 0, None
    # A look into one index for each, whatever the database knows of how many there are: a join is
    # planned as if nothing waited, until its statistics have taken in what was just made.
    newer = (
        select(_later.id)
        .where(
            _later.notice_id == pair.new,
            _later.recipient == Delivery.recipient,
            _later.state.in_(_ON_ITS_WAY),
        )
        .limit(1)
        .correlate(Delivery)
        .scalar_subquery()
    )
    which = and_(
        Delivery.notice_id == pair.old, Delivery.id.between(behind + 1, last), newer.is_not(None)
    )
    return drop(session, which, OVERTAKEN, now=now), last


def last_of_some(session: Session, which: Select[int]) -> int | None:
    """The last of the first thousands, by their numbers; None when there are none."""
    some = which.order_by(Delivery.id).limit(SETTLED_AT_ONCE).subquery()
    last: int | None = session.scalar(select(func.max(some.c.id)))
    return last


def drop(session: Session, which: ColumnElement[bool], reason: str, *, now: datetime) -> int:
    """Drop what waits and is meant, by one statement; how many."""
    gone = session.scalars(
        update(Delivery)
        .where(is_in(State.PENDING), which)
        .values(_settled(State.DROPPED, reason, now))
        .returning(Delivery.notice_id)
    ).all()
    counts.add(session, State.DROPPED, gone)
    return len(gone)


def give_up(
    session: Session, notice: int, reason: str, *, now: datetime, is_said: bool = False
) -> int:
    """Give up some thousands of a notice that wait; how many recipients that are.

    One dead letter says it for all, unless it is said: the others are dropped, and counted as dead.
    """
    waiting = select(Delivery.id).where(is_in(State.PENDING), Delivery.notice_id == notice)
    first = session.scalars(waiting.order_by(Delivery.id).limit(2)).all()
    said = select(Delivery.id).where(
        is_in(State.DEAD), Delivery.notice_id == notice, Delivery.error == reason
    )
    is_said = is_said or session.scalar(said.limit(1)) is not None
    values = _settled(State.DROPPED, reason, now)
    if len(first) == 1:
        # Of one alone there is more to say.
        values["error"] = func.coalesce(func.nullif(Delivery.error, ""), reason)
    gone = session.scalars(
        update(Delivery)
        .where(
            is_in(State.PENDING),
            Delivery.notice_id == notice,
            Delivery.id <= (last_of_some(session, waiting) or 0),
        )
        .values(values)
        .returning(Delivery.notice_id)
    ).all()
    if first and not is_said:
        speaks = update(Delivery).where(Delivery.id == first[0])
        session.execute(speaks.values(state=State.DEAD.value, settled_at=now))
    counts.add(session, State.DEAD, gone)
    return len(gone)


def revive(session: Session, letter: Delivery, *, now: datetime) -> None:
    """Bring back to life some thousands that were given up together with a dead letter.

    If there are more, another dead letter speaks for them.
    """
    if letter.error not in GIVEN_UP:
        return
    with_it = and_(
        Delivery.notice_id == letter.notice_id,
        Delivery.state == State.DROPPED,
        Delivery.error == letter.error,
    )
    last = last_of_some(session, select(Delivery.id).where(with_it)) or 0
    back = session.scalars(
        update(Delivery)
        .where(with_it, Delivery.id <= last)
        .values(state=State.PENDING.value, due_at=now, settled_at=None, error="", attempts=0)
        .returning(Delivery.notice_id)
    ).all()
    counts.add(session, State.DEAD, back, by=-1)
    rest = session.scalar(select(func.min(Delivery.id)).where(with_it))
    if rest is not None:
        session.execute(update(Delivery).where(Delivery.id == rest).values(state=State.DEAD.value))


def _settled(state: State, reason: str, now: datetime) -> dict[str, object]:
    return {
        "state": state.value,
        "settled_at": now,
        "error": reason,
        "claimed_by": "",
        "claimed_until": None,
    }
