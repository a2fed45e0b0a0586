"""Addresses of channels that an earlier secret key encrypted, under the current one."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit import chain
from portal.notify import outbox
from portal.notify.subscribers import Addresses, Subscriber


def renew(
    session: Session, row: Subscriber, addresses: Addresses, *, actor: str, now: datetime
) -> bool:
    """Encrypt a channel's address with the current key, unless it is; UnreadableError.

    A channel that subscribed once more while the earlier key was not known has two rows. The later
    one says what is wanted, and stays alone; a question that was never answered goes.
    """
    if row.sealed is None or addresses.is_current(row.sealed):
        return False
    url = addresses.of(row)
    later = session.scalar(
        select(Subscriber)
        .where(Subscriber.kind == row.kind, Subscriber.canonical == addresses.name(url))
        .with_for_update()
    )
    if later is not None:
        gone = row if later.confirmed_at is not None else later
        outbox.drop_of(session, gone.id, now=now)
        detail = {"subscriber": gone.id, "kind": gone.kind}
        chain.append(session, "subscriber.removed", actor=actor, at=now, **detail)
        session.delete(gone)
        session.flush()
        if gone is row:
            return False
    addresses.put(row, url)
    return True
