"""Addressing: from a notice to its deliveries, some hundreds of recipients at a time.

Publishing returns at once whatever the number of subscribers. The database holds that there are
never two deliveries of one notice to one recipient. Urgent notices are addressed first. Each
begins where the one before had come to, so that nobody is the last to hear every time, and goes
round.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.notify import subscribers
from portal.notify.outbox import superseding
from portal.notify.outbox.delivery import CHAT, STUCK_AFTER, Delivery, State, is_in, name_of
from portal.notify.subscribers import MAIL, Subscriber, SubscriberKind
from portal.status.notices import Notice, NoticeKind, Urgency

AT_ONCE = 500
# Of a circle of readers: steps of this length come near every one of them before they repeat.
GOLDEN_SECTION = 0.618


def address(
    session: Session, chats: Iterable[str], *, now: datetime, has_mail: bool = True
) -> bool:
    """Address the first notice to the next hundreds of recipients; False when none is left.

    Without a mail server nobody is addressed by mail: one dead letter says so for all of them.
    """
    notice = session.scalar(
        select(Notice)
        .where(Notice.is_to_address(now))
        .order_by(Notice.urgency, Notice.id)
        .limit(1)
        .with_for_update()
    )
    if notice is None:
        return False
    if notice.first is None and _release_earlier(session, notice):
        return True
    if _is_overtaken(session, notice, now):
        notice.addressed_at = now
    elif notice.kind == NoticeKind.SUBSCRIPTION:
        person = session.get(Subscriber, int(notice.ref))
        queue = person.queue if person is not None else MAIL
        _deliver(session, notice, [(name_of(int(notice.ref)), queue)], now)
        notice.addressed_at = now
    elif _lift_earlier(session, notice):
        return True
    elif not subscribers.kinds_of(notice):
        _finish(session, notice, chats, now)
    else:
        if notice.first is None:
            _begin(session, notice, now, has_mail=has_mail)
        people, is_last = _next(session, notice, now, has_mail=has_mail)
        _deliver(session, notice, [(name_of(one.id), one.queue) for one in people], now)
        if is_last:
            _finish(session, notice, chats, now)
    return True


def _release_earlier(session: Session, notice: Notice) -> bool:
    """Hold back no longer what is held of the same thing: news come in their order."""
    held = (
        update(Notice)
        .where(
            Notice.kind == notice.kind,
            Notice.ref == notice.ref,
            Notice.id < notice.id,
            Notice.addressed_at.is_(None),
            Notice.held_until.is_not(None),
        )
        .values(held_until=None)
        .returning(Notice.id)
    )
    return bool(session.scalars(held).all())


def has_unaddressed(session: Session, *, now: datetime) -> bool:
    first = select(Notice.id).where(Notice.is_to_address(now)).limit(1)
    return session.scalar(first) is not None


def readdress(session: Session, letter: Delivery) -> None:
    """Address a notice again for whose mails there was no server; what was made before stays."""
    notice = session.get(Notice, letter.notice_id)
    assert notice is not None
    notice.first, notice.position, notice.addressed_at = None, 0, None
    notice.recipients -= 1
    notice.dead -= 1
    session.delete(letter)


def _is_overtaken(session: Session, notice: Notice, now: datetime) -> bool:
    """Whether there is later news of the same thing, and this is told to nobody any more.

    Who comes back after an outage of the worker is told how things stand, not all they missed;
    the page that the mail leads to has every word.
    """
    later = select(Notice.id).where(
        Notice.kind == notice.kind, Notice.ref == notice.ref, Notice.id > notice.id
    )
    if notice.position or now - notice.created_at < STUCK_AFTER:
        return False
    return session.scalar(later.limit(1)) is not None


def _lift_earlier(session: Session, notice: Notice) -> bool:
    """Give what waits of the same thing the urgency of what follows, so that it stays before it.

    Some thousands of deliveries at a time; False when there is nothing to lift.
    """
    if notice.first is not None or notice.urgency == Urgency.NORMAL:
        return False
    earlier = session.scalar(
        select(Notice)
        .where(
            Notice.kind == notice.kind,
            Notice.ref == notice.ref,
            Notice.id < notice.id,
            Notice.urgency > notice.urgency,
            or_(
                Notice.addressed_at.is_(None),
                Notice.recipients > Notice.sent + Notice.dead + Notice.dropped,
            ),
        )
        .order_by(Notice.id)
        .limit(1)
    )
    if earlier is None:
        return False
    waiting = select(Delivery.id).where(
        is_in(State.PENDING), Delivery.notice_id == earlier.id, Delivery.urgency > notice.urgency
    )
    last = superseding.last_of_some(session, waiting)
    if last is None:
        earlier.urgency = notice.urgency
        return True
    session.execute(
        update(Delivery)
        .where(is_in(State.PENDING), Delivery.notice_id == earlier.id, Delivery.id <= last)
        .values(urgency=notice.urgency)
    )
    return True


def _begin(session: Session, notice: Notice, now: datetime, *, has_mail: bool) -> None:
    # What an older version began, it began with the first.
    notice.first = 0 if notice.position else _start(session)
    notice.position = notice.position or notice.first
    if has_mail:
        return
    untold = subscribers.told(session, notice)[SubscriberKind.MAIL]
    if untold:
        _deliver(session, notice, [(MAIL, MAIL)], now)
        reason = f"{superseding.NO_SERVER}: {untold} not told"
        session.execute(
            update(Delivery)
            .where(Delivery.notice_id == notice.id, Delivery.recipient == MAIL)
            .values(state=State.DEAD.value, settled_at=now, error=reason)
        )
        notice.dead += 1


def _start(session: Session) -> int:
    """Behind which subscriber a notice begins: where the one before has come to.

    One that reached everybody came to where it had begun: then it is a good step further on.
    """
    before = session.scalar(
        select(Notice).where(Notice.reached.is_not(None)).order_by(Notice.id.desc()).limit(1)
    )
    if before is None or before.reached is None:
        return 0
    if before.pending:
        return before.reached
    last = session.scalar(select(func.max(Subscriber.id))) or 1
    return (before.reached + int(last * GOLDEN_SECTION)) % last


def _next(
    session: Session, notice: Notice, now: datetime, *, has_mail: bool
) -> tuple[list[Subscriber], bool]:
    """The next who want it, and whether they are the last; moves the position on."""
    assert notice.first is not None
    goes_round = notice.position < notice.first
    found = subscribers.after(
        session,
        notice.position,
        until=notice.first if goes_round else None,
        has_mail=has_mail,
        before=notice.created_at,
        now=now,
        most=AT_ONCE,
    )
    is_full = len(found) == AT_ONCE
    is_last = not is_full and (goes_round or notice.first == 0)
    if is_full and found[-1].id == notice.first:
        is_last = goes_round
    notice.position = found[-1].id if is_full else 0
    return [one for one in found if one.wants(notice)], is_last


def _finish(session: Session, notice: Notice, chats: Iterable[str], now: datetime) -> None:
    """The operators' chats, and that all are addressed."""
    _deliver(session, notice, [(f"{CHAT}{one}", f"{CHAT}{one}") for one in chats], now)
    notice.addressed_at = now


def _deliver(
    session: Session, notice: Notice, rows: Sequence[tuple[str, str]], now: datetime
) -> None:
    """Make deliveries, but for those that are there."""
    if not rows:
        return
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    result = session.execute(
        insert(Delivery.__table__).on_conflict_do_nothing(  # type: ignore[arg-type]
            index_elements=["notice_id", "recipient"]
        ),
        [
            {
                "notice_id": notice.id,
                "recipient": recipient,
                "lane": queue,
                "urgency": notice.urgency,
                "state": State.PENDING.value,
                "attempts": 0,
                "due_at": now,
                "claimed_by": "",
                "claimed_until": None,
                "settled_at": None,
                "error": "",
            }
            for recipient, queue in rows
        ],
        execution_options={"preserve_rowcount": True},
    )
    notice.recipients += result.rowcount  # type: ignore[attr-defined]
