"""Addressing: from a notice to its deliveries, some hundreds of recipients at a time.

Publishing returns at once whatever the number of subscribers. The database holds that there are
never two deliveries of one notice to one recipient.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from portal.notify import subscribers
from portal.notify.outbox.delivery import CHAT, STUCK_AFTER, Delivery, State, name_of
from portal.notify.subscribers import MAIL
from portal.status.notices import Notice, NoticeKind

AT_ONCE = 500


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
        rows = [(name_of(int(notice.ref)), MAIL)]
        notice.addressed_at = now
    else:
        found = subscribers.after(
            session, notice.position, before=notice.created_at, now=now, most=AT_ONCE
        )
        rows = [(name_of(one.id), one.queue) for one in found if one.wants(notice)]
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
                    "queue": queue,
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
