"""How a channel subscribes: a code is sent into it, and typed on a page by whoever reads it.

Nothing else is sent before. The page never says what became of the message: a stranger learns
nothing of hosts, nor of who subscribed before.
"""

import secrets
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.notify.subscribers.addresses import Addresses, shown
from portal.notify.subscribers.links import Links
from portal.notify.subscribers.schemas import ChannelIn
from portal.notify.subscribers.subscriber import Subscriber, SubscriberKind
from portal.notify.subscribers.subscribing import (
    bound,
    confirm,
    is_asked,
    only_public,
    put_question,
)
from portal.notify.targets import host_of

# Then another code is needed.
MOST_TRIES = 5
# Questions that are sent to a host within an hour and not answered; all of Slack is one host.
MOST_TO_SERVICE = 200
MOST_TO_HOST = 10


def ask_channel(
    session: Session, asked: ChannelIn, addresses: Addresses, *, now: datetime, language: str = "en"
) -> Subscriber:
    """Send a code, unless one was sent just now; the same for known and unknown channels.

    Nothing changes until the code is typed. TooManyQuestionsError, RuleError.
    """
    only_public(session, asked.components)
    row = session.scalar(
        select(Subscriber)
        .where(
            Subscriber.kind == asked.kind, Subscriber.canonical.in_(addresses.names(asked.address))
        )
        # Two, where it was asked while an earlier key was not known: the later one.
        .order_by(Subscriber.id.desc())
        .with_for_update()
    )
    if row is not None and is_asked(row, now):
        return row
    _bound(session, asked, now)
    if row is None:
        row = _new(asked, addresses, now)
        session.add(row)
    put_question(session, row, asked, now=now, language=language)
    return row


def _bound(session: Session, asked: ChannelIn, now: datetime) -> None:
    host = shown(f"https://{host_of(asked.address)}/")
    most = MOST_TO_HOST if asked.kind is SubscriberKind.WEBHOOK else MOST_TO_SERVICE
    to_host = Subscriber.address.startswith(host, autoescape=True)
    bound(session, ((to_host, most),), now=now)


def _new(asked: ChannelIn, addresses: Addresses, now: datetime) -> Subscriber:
    row = Subscriber(
        kind=asked.kind.value,
        topics=[],
        components=[],
        question=None,
        asked_at=now,
        confirmed_at=None,
        secret=secrets.token_hex(24) if asked.kind is SubscriberKind.WEBHOOK else "",
        created_at=now,
        by_reader=True,
    )
    addresses.put(row, asked.address)
    return row


def has_tries(row: Subscriber) -> bool:
    """Whether a code may still be typed for the question."""
    return row.tries < MOST_TRIES


def answer(row: Subscriber, typed: str, links: Links, *, now: datetime) -> bool:
    """Whether the right code was typed, which confirms; each try counts before it is looked at."""
    if not has_tries(row):
        return False
    row.tries += 1
    if not links.is_code(row, typed):
        return False
    confirm(row, now=now)
    return True
