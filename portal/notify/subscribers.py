"""Subscribers: people by mail, who asked twice, and webhooks, which operators add.

What stands in a mail's links is signed, not stored: whoever reads the database can neither confirm
nor unsubscribe anybody. Who unsubscribes is forgotten.
"""

import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from itsdangerous import BadSignature, URLSafeSerializer
from pydantic import AfterValidator, Field
from sqlalchemy import JSON, String, UniqueConstraint, delete, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.audit import chain
from portal.errors import RuleError
from portal.notify import targets
from portal.schemas import Camel
from portal.status import components, notices
from portal.status.components import Component, Slug
from portal.status.notices import Event, Notice, NoticeKind
from portal.status.terms import Audience
from portal.store.base import Base

CONFIRM_WITHIN = timedelta(hours=48)
# Whoever asks again and again fills nobody's mailbox.
ASK_AGAIN_AFTER = timedelta(minutes=10)
MOST_UNCONFIRMED = 5000
# The lane of all mail.
MAIL = "mail"


class SubscriberKind(StrEnum):
    MAIL = "mail"
    WEBHOOK = "webhook"


class Topic(StrEnum):
    """What one may subscribe to."""

    INCIDENTS = "incidents"
    MAINTENANCE = "maintenance"
    ANNOUNCEMENTS = "announcements"


_TOPICS = {
    NoticeKind.INCIDENT: Topic.INCIDENTS,
    NoticeKind.WINDOW: Topic.MAINTENANCE,
    NoticeKind.SERIES: Topic.MAINTENANCE,
    NoticeKind.ANNOUNCEMENT: Topic.ANNOUNCEMENTS,
    NoticeKind.MESSAGE: Topic.ANNOUNCEMENTS,
}
_CHANNELS = {SubscriberKind.MAIL: "email", SubscriberKind.WEBHOOK: "api"}
_MAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@(?=.{1,190}$)[a-z0-9-]+(\.[a-z0-9-]+)+")


class Subscriber(Base):
    """Who is told. `wanted` are choices that wait for the confirmation."""

    __tablename__ = "subscriber"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    address: Mapped[str] = mapped_column(String(500))
    topics: Mapped[list[str]] = mapped_column(JSON)
    components: Mapped[list[str]] = mapped_column(JSON)
    wanted: Mapped[dict[str, Any]] = mapped_column(JSON)
    # Changes at each question, and is gone once it was answered.
    question: Mapped[str | None] = mapped_column(String(32))
    asked_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    # A webhook's key for its signatures; it has to be used, so it cannot be hashed.
    secret: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("kind", "address"),)

    @property
    def lane(self) -> str:
        """What shares a way out: all mail does, and all webhooks of a host."""
        if self.kind == SubscriberKind.MAIL:
            return MAIL
        return f"webhook {targets.host_of(self.address)}"[:200]

    def wants(self, notice: Notice) -> bool:
        """Whether a notice is for this subscriber; only what is public ever is."""
        return self.confirmed_at is not None and _wants(
            self.kind, self.topics, self.components, notice
        )


def _wants(kind: str, topics: list[str], parts: list[str], notice: Notice) -> bool:
    if Audience.PUBLIC not in notice.audiences:
        return False
    if _CHANNELS[SubscriberKind(kind)] not in notice.channels:
        return False
    if _TOPICS[NoticeKind(notice.kind)] not in topics:
        return False
    return not parts or not notice.components or not set(parts).isdisjoint(notice.components)


def _is_mail(text: str) -> str:
    local, _, domain = unicodedata.normalize("NFC", text.strip()).rpartition("@")
    try:
        address = f"{local}@{domain.encode('idna').decode('ascii').lower()}"
        address.encode("ascii")
    except UnicodeError:
        raise ValueError("is not an address that mail can be sent to") from None
    # What it has become: some letters turn into signs on the way.
    if not _MAIL.fullmatch(address) or not address.isprintable():
        raise ValueError("is not a mail address; write it as name@example.com")
    return address


MailAddress = Annotated[str, Field(max_length=254), AfterValidator(_is_mail)]


class Choices(Camel):
    """What a subscriber wants to hear of; no components: all of them."""

    topics: list[Topic] = Field(default=list(Topic), min_length=1, max_length=3)
    components: list[Slug] = Field(default=[], max_length=100)


class SubscriptionIn(Choices):
    """A wish to be told by mail."""

    address: MailAddress


class WebhookIn(Choices):
    """A webhook that an operator adds."""

    url: Annotated[str, Field(min_length=8, max_length=500)]


class SubscriberOut(Camel):
    id: int
    kind: SubscriberKind
    address: str
    topics: list[Topic]
    components: list[str]
    confirmed_at: datetime | None
    created_at: datetime


class WebhookOut(SubscriberOut):
    """A new webhook with the key of its signatures, which is shown once."""

    secret: str


class Counts(Camel):
    """How many are told, and how many have yet to confirm."""

    mail: int
    webhook: int
    unconfirmed: int


@dataclass(frozen=True)
class Links:
    """Makes and reads the signed parts of links."""

    secret_key: str

    def manage(self, subscriber: Subscriber) -> str:
        """Good as long as the subscriber is."""
        return self._signer("manage").dumps([subscriber.id, _stamp(subscriber)])

    def confirm(self, subscriber: Subscriber) -> str:
        """Good once, until another question is asked, and for two days."""
        return self._signer("confirm").dumps([subscriber.id, subscriber.question])

    def to_manage(self, session: Session, text: str) -> Subscriber | None:
        """The subscriber of a link, None when it is not ours or they are gone."""
        number, stamp = self._read("manage", text)
        row = session.get(Subscriber, number) if number is not None else None
        return row if row is not None and _stamp(row) == stamp else None

    def to_confirm(self, session: Session, text: str, *, now: datetime) -> Subscriber | None:
        """The subscriber whose question this answers, None when it was answered or is old."""
        number, question = self._read("confirm", text)
        row = session.get(Subscriber, number) if number is not None else None
        if row is None or row.question is None or row.question != question:
            return None
        return row if now - row.asked_at <= CONFIRM_WITHIN else None

    def _signer(self, use: str) -> URLSafeSerializer:
        return URLSafeSerializer(self.secret_key, salt=f"subscriber {use}")

    def _read(self, use: str, text: str) -> tuple[int | None, Any]:
        try:
            number, rest = self._signer(use).loads(text)
        except (BadSignature, ValueError, TypeError):
            return None, None
        return (number, rest) if isinstance(number, int) else (None, None)


def _stamp(subscriber: Subscriber) -> int:
    # Numbers of rows come again in SQLite; a link must not open somebody else's.
    return int(subscriber.created_at.timestamp() * 1000)


def ask(session: Session, wish: SubscriptionIn, *, now: datetime) -> None:
    """Send the question whether this address wants to be told; the same for known and unknown.

    Nothing changes until it is answered, whoever filled in the form.
    """
    _public(session, wish.components)
    row = session.scalar(
        select(Subscriber)
        .where(Subscriber.kind == SubscriberKind.MAIL, Subscriber.address == wish.address)
        .with_for_update()
    )
    if row is None:
        unconfirmed = session.scalar(select(func.count()).where(Subscriber.confirmed_at.is_(None)))
        if (unconfirmed or 0) >= MOST_UNCONFIRMED:
            # Not told: the answer is the same for known and unknown, whatever happens.
            return
        row = Subscriber(
            kind=SubscriberKind.MAIL.value,
            address=wish.address,
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
    row.wanted = wish.model_dump(mode="json", include={"topics", "components"})
    row.question, row.asked_at = secrets.token_hex(16), now
    session.flush()
    notices.put(
        session,
        NoticeKind.SUBSCRIPTION,
        Event.ASKED,
        str(row.id),
        title="",
        audiences=[],
        channels=[],
        components=[],
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
    """The answer to the question: what was wished for counts from now on."""
    choices = Choices.model_validate(row.wanted)
    row.topics, row.components = [one.value for one in choices.topics], choices.components
    row.question, row.wanted = None, {}
    row.confirmed_at = row.confirmed_at or now


def choose(session: Session, row: Subscriber, wish: Choices) -> None:
    """Other choices, made through the link of a mail."""
    _public(session, wish.components)
    row.topics, row.components = [one.value for one in wish.topics], wish.components


def add_webhook(session: Session, wish: WebhookIn, *, actor: str, now: datetime) -> Subscriber:
    """A webhook with a key of its own; RuleError for an address that cannot be."""
    try:
        targets.split(wish.url)
    except targets.TargetError as error:
        raise RuleError("url", str(error)) from None
    components.known(session, wish.components)
    if session.scalar(
        select(Subscriber.id).where(
            Subscriber.kind == SubscriberKind.WEBHOOK, Subscriber.address == wish.url
        )
    ):
        raise RuleError("url", "This address is told already.")
    row = Subscriber(
        kind=SubscriberKind.WEBHOOK.value,
        address=wish.url,
        topics=[one.value for one in wish.topics],
        components=wish.components,
        wanted={},
        question=None,
        asked_at=now,
        confirmed_at=now,
        secret=secrets.token_hex(24),
        created_at=now,
    )
    session.add(row)
    session.flush()
    chain.append(
        session,
        "subscriber.webhook.added",
        actor=actor,
        at=now,
        subscriber=row.id,
        host=targets.host_of(wish.url),
    )
    return row


def remove(session: Session, row: Subscriber, *, actor: str, now: datetime) -> None:
    """An operator ends a subscription; the log names its number alone."""
    chain.append(
        session, "subscriber.removed", actor=actor, at=now, subscriber=row.id, kind=row.kind
    )
    session.delete(row)


def page(
    session: Session, *, limit: int, offset: int, kind: SubscriberKind | None = None
) -> tuple[list[Subscriber], int]:
    """A page, the newest first, and how many there are."""
    query = select(Subscriber)
    if kind is not None:
        query = query.where(Subscriber.kind == kind)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.scalars(query.order_by(Subscriber.id.desc()).limit(limit).offset(offset))
    return list(rows), total


def after(
    session: Session, position: int, *, before: datetime, now: datetime, most: int
) -> list[Subscriber]:
    """The next that had confirmed before an instant, by their numbers."""
    # Who confirmed by a clock that was set back since had confirmed too.
    has_confirmed = or_(Subscriber.confirmed_at <= before, Subscriber.confirmed_at > now)
    return list(
        session.scalars(
            select(Subscriber)
            .where(Subscriber.id > position, has_confirmed)
            .order_by(Subscriber.id)
            .limit(most)
        )
    )


def told(session: Session, notice: Notice) -> dict[SubscriberKind, int]:
    """How many subscribers of each kind a notice would go to."""
    found = dict.fromkeys(SubscriberKind, 0)
    rows = session.execute(
        select(Subscriber.kind, Subscriber.topics, Subscriber.components).where(
            Subscriber.confirmed_at.is_not(None)
        )
    )
    for kind, topics, parts in rows:
        if _wants(kind, topics, parts, notice):
            found[SubscriberKind(kind)] += 1
    return found


def counts(session: Session) -> Counts:
    rows = session.execute(
        select(Subscriber.kind, Subscriber.confirmed_at.is_not(None), func.count()).group_by(
            Subscriber.kind, Subscriber.confirmed_at.is_not(None)
        )
    )
    found = {(kind, bool(is_confirmed)): number for kind, is_confirmed, number in rows}
    return Counts(
        mail=found.get((SubscriberKind.MAIL, True), 0),
        webhook=found.get((SubscriberKind.WEBHOOK, True), 0),
        unconfirmed=found.get((SubscriberKind.MAIL, False), 0),
    )


def out(row: Subscriber) -> SubscriberOut:
    return SubscriberOut(
        id=row.id,
        kind=SubscriberKind(row.kind),
        address=row.address,
        topics=[Topic(one) for one in row.topics],
        components=row.components,
        confirmed_at=row.confirmed_at,
        created_at=row.created_at,
    )


def sweep(session: Session, *, now: datetime) -> None:
    """Forget who was asked and never answered."""
    session.execute(
        delete(Subscriber).where(
            Subscriber.confirmed_at.is_(None), Subscriber.asked_at <= now - CONFIRM_WITHIN
        )
    )
