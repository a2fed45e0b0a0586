"""How people subscribe by mail: asked, confirmed, changed, and forgotten.

A public form acts in the transaction of its request. Who unsubscribes is forgotten.
"""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from portal.errors import RuleError
from portal.notify.subscribers.schemas import Choices, SubscriptionIn
from portal.notify.subscribers.subscriber import CONFIRM_WITHIN, Subscriber, SubscriberKind
from portal.status import notices
from portal.status.components import Component
from portal.status.notices import Event, NoticeKind

# Whoever asks again and again fills nobody's mailbox.
ASK_AGAIN_AFTER = timedelta(minutes=10)
MOST_UNCONFIRMED = 5000


def ask(session: Session, asked: SubscriptionIn, *, now: datetime) -> None:
    """Send the question whether this address wants to be told; the same for known and unknown.

    Nothing changes until it is answered, whoever filled in the form.
    """
    _public(session, asked.components)
    row = session.scalar(
        select(Subscriber)
        .where(Subscriber.kind == SubscriberKind.MAIL, Subscriber.address == asked.address)
        .with_for_update()
    )
    if row is None:
        unconfirmed = session.scalar(select(func.count()).where(Subscriber.confirmed_at.is_(None)))
        if (unconfirmed or 0) >= MOST_UNCONFIRMED:
            # Not told: the answer is the same for known and unknown, whatever happens.
            return
        row = Subscriber(
            kind=SubscriberKind.MAIL.value,
            address=asked.address,
            topics=[],
            components=[],
            question=None,
            asked_at=now,
            confirmed_at=None,
            secret="",
            created_at=now,
        )
        session.add(row)
    elif row.question is not None and now - row.asked_at < ASK_AGAIN_AFTER:
        return
    row.wanted = asked.model_dump(mode="json", include={"topics", "components"})
    row.question, row.asked_at = secrets.token_hex(16), now
    session.flush()
    notices.put(
        session,
        NoticeKind.SUBSCRIPTION,
        Event.ASKED,
        str(row.id),
        notices.Content(),
        now=now,
        nth=row.question,
    )


def _public(session: Session, slugs: list[str]) -> None:
    """RuleError for a component that readers do not know; a hidden one is none to them."""
    shown = set(session.scalars(select(Component.slug).where(Component.is_public)))
    for slug in slugs:
        if slug not in shown:
            raise RuleError("components", f"There is no component {slug}.")


def confirm(row: Subscriber, *, now: datetime) -> None:
    """The answer to the question: what was asked for counts from now on."""
    choices = Choices.model_validate(row.wanted)
    row.topics, row.components = [one.value for one in choices.topics], choices.components
    row.question, row.wanted = None, {}
    row.confirmed_at = row.confirmed_at or now


def choose(session: Session, row: Subscriber, choices: Choices) -> None:
    """Other choices, made through the link of a mail."""
    _public(session, choices.components)
    row.topics, row.components = [one.value for one in choices.topics], choices.components


def sweep(session: Session, *, now: datetime) -> None:
    """Forget who was asked and never answered."""
    session.execute(
        delete(Subscriber).where(
            Subscriber.confirmed_at.is_(None), Subscriber.asked_at <= now - CONFIRM_WITHIN
        )
    )
