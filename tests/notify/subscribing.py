"""Questions to readers, webhooks and a notice to tell."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.notify import subscribers
from portal.notify.subscribers import Addresses, Subscriber, SubscriptionIn, WebhookIn, acts
from portal.status.notices import Notice
from portal.unit_of_work import By, Transaction
from tests.instants import NOW
from tests.rows import component
from tests.rows import notice as make_notice


def notice(**values: Any) -> Notice:
    return make_notice(**{"kind": "incident", **values})


def ask(session: Session, *, now: datetime = NOW, **values: Any) -> Subscriber | None:
    given = SubscriptionIn(**{"address": "ada@example.com", **values})
    subscribers.ask(session, given, now=now)
    session.flush()
    return session.scalar(select(Subscriber).where(Subscriber.address == given.address))


def questions(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Notice)) or 0


def hook(session: Session, url: str = "https://hooks.example.com/x", **values: Any) -> Subscriber:
    tx = Transaction(session, NOW, By("ada"))
    return acts.webhook(tx, WebhookIn(url=url, **values), Addresses(("secret",)))


def with_components(session: Session) -> Session:
    """One that is public, and one that is not."""
    for number, (slug, is_public) in enumerate((("api", True), ("inside", False))):
        session.add(component(slug, position=number, is_public=is_public, since=NOW.date()))
    session.flush()
    return session
