"""A subscriber: a mailbox, or a channel: of Slack, of Teams, or a webhook."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Index,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    and_,
    false,
    or_,
    text,
)
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column, validates

from portal.notify import targets
from portal.status.notices import Notice, NoticeKind
from portal.status.terms import Audience
from portal.store.base import Base

CONFIRM_WITHIN = timedelta(hours=48)
# The queue of all mail.
MAIL = "mail"
# What the queues of channels begin with whose hosts are whatever readers choose.
READER = "reader "
SLACK = "slack "


class SubscriberKind(StrEnum):
    """By what one is told; all but mail are channels, which are called."""

    MAIL = "mail"
    SLACK = "slack"
    TEAMS = "teams"
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
# The contract has no word for chats; what goes to programs goes to them.
_CHANNELS = {
    SubscriberKind.MAIL: "email",
    SubscriberKind.SLACK: "api",
    SubscriberKind.TEAMS: "api",
    SubscriberKind.WEBHOOK: "api",
}


# One sign each, none of which a slug has.
TOPIC_SIGNS = {Topic.INCIDENTS: "!", Topic.MAINTENANCE: "#", Topic.ANNOUNCEMENTS: "+"}
LONGEST_CHOICE = 1000


def choice_of(topics: Iterable[str], parts: Iterable[str]) -> str | None:
    """Topics and components in one text that SQL can count by; None when it would be too long.

    `!#` are topics and all components, `!#|api|web|` are topics and two components.
    """
    signs = "".join(sign for topic, sign in TOPIC_SIGNS.items() if topic in topics)
    named = "".join(f"{slug}|" for slug in sorted(parts))
    text = f"{signs}|{named}" if named else signs
    return text if len(text) <= LONGEST_CHOICE else None


def _choice(context: DefaultExecutionContext) -> str | None:
    given = context.get_current_parameters()  # type: ignore[no-untyped-call]
    return choice_of(given["topics"], given["components"])


def _canonical(context: DefaultExecutionContext) -> str:
    given = context.get_current_parameters()  # type: ignore[no-untyped-call]
    address: str = given["address"]
    return address.lower() if given["kind"] == SubscriberKind.MAIL else address


class Subscriber(Base):
    """Who is told. `wanted` are choices that wait for the confirmation."""

    __tablename__ = "subscriber"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    # Of channels only what is shown.
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

    # What mails and messages are in; as `portal.board.languages` has it.
    language: Mapped[str] = mapped_column(String(8), default="en", server_default="en")
    # What two spellings of one address share; it is sent to as it was written.
    canonical: Mapped[str] = mapped_column(String(500), default=_canonical)
    # A channel's address, encrypted; `address` is then what is shown of it, `canonical` its name.
    sealed: Mapped[str | None] = mapped_column(Text)
    # Nobody but a reader has vouched for it: what operators allow does not count for it.
    by_reader: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Codes that were typed for the question.
    tries: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    # Topics and components as text, to be counted by.
    choice: Mapped[str | None] = mapped_column(String(LONGEST_CHOICE), default=_choice)

    __table_args__ = (
        UniqueConstraint("kind", "canonical"),
        # How many there are of each kind, and how many a notice is for. It has all that is asked
        # then, and is the only one that begins with the kind and says who confirmed: SQLite would
        # take the other, or none, and read every row.
        Index(
            "ix_subscriber_choice",
            "kind",
            "choice",
            "confirmed_at",
            sqlite_where=text("confirmed_at IS NOT NULL"),
            postgresql_where=text("confirmed_at IS NOT NULL"),
        ),
        # Each new question counts those that were never answered.
        Index(
            "ix_subscriber_unconfirmed",
            "asked_at",
            sqlite_where=text("confirmed_at IS NULL"),
            postgresql_where=text("confirmed_at IS NULL"),
        ),
        # Few are unanswered, and each new question counts those of the last hour.
        Index(
            "ix_subscriber_asked_at",
            "asked_at",
            sqlite_where=text("question IS NOT NULL"),
            postgresql_where=text("question IS NOT NULL"),
        ),
    )

    @validates("topics", "components")
    def _keep_choice(self, name: str, value: list[str]) -> list[str]:
        chosen = {"topics": self.topics, "components": self.components, name: value}
        self.choice = choice_of(chosen["topics"] or [], chosen["components"] or [])
        return value

    @property
    def queue(self) -> str:
        """What shares a way out: all mail does, and all channels of a host."""
        if self.kind == SubscriberKind.MAIL:
            return MAIL
        kind = READER if self.by_reader else "webhook "
        # Nobody but Slack can make it slow; workflows of Teams are what their owners make them.
        kind = SLACK if self.kind == SubscriberKind.SLACK else kind
        return f"{kind}{targets.host_of(self.address)}"[:200]

    def wants(self, notice: Notice) -> bool:
        """Whether a notice is for this subscriber; only what is public ever is."""
        return self.confirmed_at is not None and wants(
            self.kind, self.topics, self.components, notice
        )


def kinds_of(notice: Notice) -> list[SubscriberKind]:
    """Which kinds of subscribers a notice may be for; none when it is not for the public."""
    if Audience.PUBLIC not in notice.audiences or NoticeKind(notice.kind) not in _TOPICS:
        return []
    return [kind for kind, channel in _CHANNELS.items() if channel in notice.channels]


def is_told(notice: Notice, choice: ColumnElement[str | None]) -> ColumnElement[bool]:
    """`wants` in SQL, for a notice that is for someone, by a choice that is short enough."""
    topic = choice.contains(TOPIC_SIGNS[_TOPICS[NoticeKind(notice.kind)]])
    if not notice.components:
        return topic
    named = [choice.contains(f"|{one}|", autoescape=True) for one in notice.components]
    return and_(topic, or_(choice.not_like("%|%"), *named))


def wants(kind: str, topics: list[str], parts: list[str], notice: Notice) -> bool:
    if Audience.PUBLIC not in notice.audiences:
        return False
    if _CHANNELS[SubscriberKind(kind)] not in notice.channels:
        return False
    if _TOPICS[NoticeKind(notice.kind)] not in topics:
        return False
    return not parts or not notice.components or not set(parts).isdisjoint(notice.components)
