"""What operators do with subscribers."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.errors import RuleError, found
from portal.notify import outbox, targets
from portal.notify.subscribers import schemas
from portal.notify.subscribers.addresses import Addresses
from portal.notify.subscribers.schemas import WebhookIn, WebhookOut
from portal.notify.subscribers.subscriber import Subscriber, SubscriberKind
from portal.status import components
from portal.store.errors import retried
from portal.unit_of_work import Acts, By, Transaction, act


@dataclass(frozen=True)
class NewWebhook:
    """A webhook that was added, as the faces show it."""

    id: int
    shown: WebhookOut
    version: int = 1


class Subscribers(Acts):
    """Acts on subscribers; nothing of them is on the board."""

    revision = None

    def __init__(self, open_session: Callable[[], Session], addresses: Addresses) -> None:
        super().__init__(open_session)
        self._addresses = addresses

    @retried
    def add_webhook(self, by: By, new: WebhookIn) -> NewWebhook:
        """A webhook with the key of its signatures; RuleError for an address that cannot be."""
        with self._begin(by) as tx:
            row = webhook(tx, new, self._addresses)
            shown = WebhookOut(**schemas.out(row).model_dump(), secret=row.secret)
            if by.key is not None:
                # A key that is shown once is not kept for a second answer.
                hidden = shown.model_copy(update={"secret": ""})
                by.key.store(tx.session, NewWebhook(row.id, hidden), tx.now)
        return NewWebhook(row.id, shown)

    @act
    def remove(self, tx: Transaction, number: int) -> None:
        """End a subscription; NotFoundError when there is none. The log names its number alone."""
        row = found(tx.session.get(Subscriber, number, with_for_update=True))
        forget(tx, row)


def forget(tx: Transaction, row: Subscriber) -> None:
    """Nothing more goes to a subscriber; the log names the number alone."""
    outbox.drop_of(tx.session, row.id, now=tx.now)
    tx.audit("subscriber.removed", subscriber=row.id, kind=row.kind)
    tx.session.delete(row)


def webhook(tx: Transaction, new: WebhookIn, addresses: Addresses) -> Subscriber:
    """The row of a new webhook, and its audit event."""
    try:
        targets.split(new.url)
    except targets.TargetError as error:
        raise RuleError("url", str(error)) from None
    components.known(tx.session, new.components)
    if tx.session.scalar(
        select(Subscriber.id).where(
            Subscriber.kind == SubscriberKind.WEBHOOK,
            Subscriber.canonical.in_(addresses.names(new.url)),
        )
    ):
        raise RuleError("url", "This address is told already.")
    row = Subscriber(
        kind=SubscriberKind.WEBHOOK.value,
        topics=[one.value for one in new.topics],
        components=new.components,
        wanted={},
        question=None,
        asked_at=tx.now,
        confirmed_at=tx.now,
        secret=secrets.token_hex(24),
        created_at=tx.now,
    )
    addresses.put(row, new.url)
    tx.session.add(row)
    tx.session.flush()
    tx.audit("subscriber.webhook.added", subscriber=row.id, host=targets.host_of(new.url))
    return row
