"""How people subscribe: asked by mail, confirmed, changed, and forgotten; `codes` asks channels.

A public form acts in the transaction of its request. Who unsubscribes is forgotten.
"""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, String, cast, delete, func, select
from sqlalchemy.orm import Session

from portal.errors import RuleError
from portal.notify.subscribers.schemas import Choices, SubscriptionIn
from portal.notify.subscribers.subscriber import CONFIRM_WITHIN, Subscriber, SubscriberKind
from portal.status import notices
from portal.status.components import Component
from portal.status.notices import Event, Notice, NoticeKind

# Whoever asks again and again fills nobody's mailbox.
ASK_AGAIN_AFTER = timedelta(minutes=10)
# Questions that are sent within an hour and not answered: to one mailbox whatever is behind its
# `+`, to all of a domain, and in all. What one client asks for is limited at the door.
SPAN = timedelta(hours=1)
MOST_TO_MAILBOX = 3
MOST_TO_DOMAIN = 100
MOST_IN_ALL = 1000
# Addresses that never answered, which are kept for two days.
MOST_UNCONFIRMED = 5000


class TooManyQuestionsError(Exception):
    """So many questions to the same place wait for an answer that no more are sent for a while."""


def ask(session: Session, asked: SubscriptionIn, *, now: datetime, language: str = "en") -> None:
    """Send the question whether this address wants to be told; the same for known and unknown.

    Nothing changes until it is answered, whoever filled in the form. TooManyQuestionsError.
    """
    only_public(session, asked.components)
    row = session.scalar(
        select(Subscriber)
        .where(
            Subscriber.kind == SubscriberKind.MAIL, Subscriber.canonical == asked.address.lower()
        )
        .with_for_update()
    )
    if row is not None and is_asked(row, now):
        return
    _bound(session, asked.address.lower(), now)
    if row is None:
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
    put_question(session, row, asked, now=now, language=language)


def is_asked(row: Subscriber, now: datetime) -> bool:
    """Whether a question was sent just now and waits for its answer."""
    return row.question is not None and now - row.asked_at < ASK_AGAIN_AFTER


def put_question(
    session: Session, row: Subscriber, asked: Choices, *, now: datetime, language: str
) -> None:
    """Ask; only the last question can be answered, and what was chosen waits for that."""
    wanted = asked.model_dump(mode="json", include={"topics", "components"})
    row.wanted = wanted | {"language": language}
    row.question, row.asked_at, row.tries = secrets.token_hex(16), now, 0
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


def _bound(session: Session, address: str, now: datetime) -> None:
    local, _, domain = address.rpartition("@")
    name = local.partition("+")[0]
    mailbox = Subscriber.canonical
    of_domain = mailbox.endswith(f"@{domain}", autoescape=True)
    of_mailbox = (mailbox == f"{name}@{domain}") | (
        of_domain & mailbox.startswith(f"{name}+", autoescape=True)
    )
    bound(session, ((of_mailbox, MOST_TO_MAILBOX), (of_domain, MOST_TO_DOMAIN)), now=now)


def bound(
    session: Session, places: Iterable[tuple[ColumnElement[bool], int]], *, now: datetime
) -> None:
    """TooManyQuestionsError where to a place, or in all, as many wait as may."""
    # Those of a few rows, each looked up: who is asked again is asked once more.
    lately = (
        select(func.count())
        .select_from(Subscriber)
        .join(Notice, Notice.ref == cast(Subscriber.id, String))
        .where(
            Subscriber.question.is_not(None),
            Subscriber.asked_at > now - SPAN,
            Notice.kind == NoticeKind.SUBSCRIPTION,
            Notice.created_at > now - SPAN,
        )
    )
    for query, most in (
        *((lately.where(place), most) for place, most in places),
        (lately, MOST_IN_ALL),
        (select(func.count()).where(Subscriber.confirmed_at.is_(None)), MOST_UNCONFIRMED),
    ):
        if (session.scalar(query) or 0) >= most:
            raise TooManyQuestionsError


def only_public(session: Session, slugs: list[str]) -> None:
    """RuleError for a component that readers do not know; a hidden one is none to them."""
    shown = set(session.scalars(select(Component.slug).where(Component.is_public)))
    for slug in slugs:
        if slug not in shown:
            raise RuleError("components", f"There is no component {slug}.")


def confirm(row: Subscriber, *, now: datetime) -> None:
    """The answer to the question: what was asked for counts from now on."""
    wanted = dict(row.wanted)
    row.language = wanted.pop("language", row.language)
    choices = Choices.model_validate(wanted)
    row.topics, row.components = [one.value for one in choices.topics], choices.components
    row.question, row.wanted = None, {}
    row.confirmed_at = row.confirmed_at or now


def choose(session: Session, row: Subscriber, choices: Choices) -> None:
    """Other choices, made through the link of a mail."""
    only_public(session, choices.components)
    row.topics, row.components = [one.value for one in choices.topics], choices.components


def sweep(session: Session, *, now: datetime) -> None:
    """Forget who was asked and never answered."""
    session.execute(
        delete(Subscriber).where(
            Subscriber.confirmed_at.is_(None), Subscriber.asked_at <= now - CONFIRM_WITHIN
        )
    )
