"""Asking with a channel, and the questions that came of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.notify import subscribers
from portal.notify.subscribers import Addresses, ChannelIn, Links, Subscriber
from portal.status.notices import Notice
from tests.instants import NOW

LINKS, ADDRESSES = Links(("secret",)), Addresses(("secret",))
OTHERS = Links(("other",))
WHOLE = "https://hooks.slack.com/services/T0/B0/X0f2secret{}"


def ask(session: Session, number: int = 1, *, now: datetime = NOW, **values: Any) -> Subscriber:
    given = {"kind": "slack", "address": WHOLE.format(number), "topics": ["incidents"], **values}
    return subscribers.ask_channel(session, ChannelIn(**given), ADDRESSES, now=now)


def questions(session: Session) -> int:
    return len(session.scalars(select(Notice)).all())
