"""Addresses of channels that an earlier secret key encrypted, under the current one."""

from sqlalchemy import select

from portal.notify.subscribers import Addresses, Subscriber, acts
from portal.unit_of_work import Transaction


def renew(tx: Transaction, row: Subscriber, addresses: Addresses) -> bool:
    """Encrypt a channel's address with the current key, unless it is; UnreadableError.

    A channel that subscribed once more while the earlier key was not known has two rows. The later
    one says what is wanted, and stays alone; a question that was never answered goes.
    """
    if row.sealed is None or addresses.is_current(row.sealed):
        return False
    url = addresses.of(row)
    later = tx.session.scalar(
        select(Subscriber)
        .where(Subscriber.kind == row.kind, Subscriber.canonical == addresses.name(url))
        .with_for_update()
    )
    if later is not None:
        gone = row if later.confirmed_at is not None else later
        acts.forget(tx, gone)
        tx.session.flush()
        if gone is row:
            return False
    addresses.put(row, url)
    return True
