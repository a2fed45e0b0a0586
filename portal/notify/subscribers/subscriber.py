"""A subscriber: a person by mail, who asked twice, or a webhook, which an operator added."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, String, UniqueConstraint, text
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column

from portal.notify import targets
from portal.status.notices import Notice, NoticeKind
from portal.status.terms import Audience
from portal.store.base import Base

CONFIRM_WITHIN = timedelta(hours=48)
# The queue of all mail.
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


def _canonical(context: DefaultExecutionContext) -> str:
    given = context.get_current_parameters()  # type: ignore[no-untyped-call]
    address: str = given["address"]
    return address.lower() if given["kind"] == SubscriberKind.MAIL else address


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

    # What two spellings of one address share; it is sent to as it was written.
    canonical: Mapped[str] = mapped_column(String(500), default=_canonical)

    __table_args__ = (
        UniqueConstraint("kind", "canonical"),
        # How many there are of each kind is counted without reading them.
        Index("ix_subscriber_kind_confirmed_at", "kind", "confirmed_at"),
        # Few are unanswered, and each new question counts those of the last hour.
        Index(
            "ix_subscriber_asked_at",
            "asked_at",
            sqlite_where=text("question IS NOT NULL"),
            postgresql_where=text("question IS NOT NULL"),
        ),
    )

    @property
    def queue(self) -> str:
        """What shares a way out: all mail does, and all webhooks of a host."""
        if self.kind == SubscriberKind.MAIL:
            return MAIL
        return f"webhook {targets.host_of(self.address)}"[:200]

    def wants(self, notice: Notice) -> bool:
        """Whether a notice is for this subscriber; only what is public ever is."""
        return self.confirmed_at is not None and wants(
            self.kind, self.topics, self.components, notice
        )


def is_for_some(notice: Notice) -> bool:
    """Whether a notice is for subscribers at all."""
    return (
        Audience.PUBLIC in notice.audiences
        and bool(notice.channels)
        and NoticeKind(notice.kind) in _TOPICS
    )


def wants(kind: str, topics: list[str], parts: list[str], notice: Notice) -> bool:
    if Audience.PUBLIC not in notice.audiences:
        return False
    if _CHANNELS[SubscriberKind(kind)] not in notice.channels:
        return False
    if _TOPICS[NoticeKind(notice.kind)] not in topics:
        return False
    return not parts or not notice.components or not set(parts).isdisjoint(notice.components)
