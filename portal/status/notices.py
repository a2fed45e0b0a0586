"""Notices: what must be told to people, stored in the transaction of its cause.

A notice has a key that names its cause; the same cause, whoever sees it first, makes one notice.
Who gets it, and how, is the work of `portal.notify`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any, Self

from sqlalchemy import (
    JSON,
    ColumnElement,
    Index,
    SmallInteger,
    String,
    Text,
    and_,
    delete,
    or_,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.status.terms import Audience, Channel
from portal.status.translations import Texts
from portal.store.base import Base

# What is older is no news: it is on the page, and nobody is told of it any more.
NEWS = timedelta(hours=24)
# The channels of an announcement or window by which the portal itself sends.
SENT = (Channel.EMAIL.value, Channel.API.value)


class NoticeKind(StrEnum):
    INCIDENT = "incident"
    WINDOW = "window"
    SERIES = "series"
    ANNOUNCEMENT = "announcement"
    # A template that an operator filled and sent.
    MESSAGE = "message"
    # For operators alone: an alert that lasts, an update that is due.
    ALERT = "alert"
    # To one subscriber, about the subscription itself.
    SUBSCRIPTION = "subscription"


class Event(StrEnum):
    """What happened to the thing that a notice is about."""

    OPENED = "opened"
    UPDATED = "updated"
    RESOLVED = "resolved"
    LEARNED = "learned"
    UPDATE_DUE = "update_due"
    SCHEDULED = "scheduled"
    REMINDER = "reminder"
    STARTED = "started"
    EXTENDED = "extended"
    CHANGED = "changed"
    ENDED = "ended"
    CANCELLED = "cancelled"
    PUBLISHED = "published"
    SENT = "sent"
    LASTS = "lasts"
    RECOVERED = "recovered"
    ASKED = "asked"


class Urgency(IntEnum):
    """What is told first: the smaller number, whatever else waits."""

    URGENT = 0
    NORMAL = 1


# Who has to do something now: readers of an incident that opens or is over, operators, and whoever
# waits for the mail that confirms a subscription.
_URGENT = {
    (NoticeKind.INCIDENT, Event.OPENED),
    (NoticeKind.INCIDENT, Event.RESOLVED),
    (NoticeKind.SUBSCRIPTION, Event.ASKED),
}


def urgency_of(kind: NoticeKind, event: Event) -> Urgency:
    """How soon a notice is told."""
    is_urgent = kind is NoticeKind.ALERT or (kind, event) in _URGENT
    return Urgency.URGENT if is_urgent else Urgency.NORMAL


class Notice(Base):
    """One thing to tell, to whom it was addressed so far, and how many of them were told.

    The numbers stay when the single deliveries are gone.
    """

    __tablename__ = "notice"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    event: Mapped[str] = mapped_column(String(16))
    ref: Mapped[str] = mapped_column(String(80))
    title: Mapped[str] = mapped_column(String(240))
    message: Mapped[str] = mapped_column(Text)
    # As they were when it was put.
    translations: Mapped[Texts] = mapped_column(JSON, default=dict, server_default=text("'{}'"))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    audiences: Mapped[list[str]] = mapped_column(JSON)
    channels: Mapped[list[str]] = mapped_column(JSON)
    components: Mapped[list[str]] = mapped_column(JSON)
    occurred_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(index=True)
    urgency: Mapped[int] = mapped_column(
        SmallInteger, default=Urgency.NORMAL.value, server_default=text("1")
    )
    # Not told before: what caused it may be taken back until then.
    held_until: Mapped[datetime | None]
    # Addressing begins behind the subscriber `first`, goes round, and has come to `position`.
    first: Mapped[int | None]
    position: Mapped[int]
    addressed_at: Mapped[datetime | None]
    # The last subscriber whose mail was taken to be sent.
    reached: Mapped[int | None]
    recipients: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    sent: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    dead: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    dropped: Mapped[int] = mapped_column(default=0, server_default=text("0"))

    __table_args__ = (
        Index("ix_notice_kind_ref", "kind", "ref"),
        Index(
            "ix_notice_unaddressed",
            "id",
            sqlite_where=text("addressed_at IS NULL"),
            postgresql_where=text("addressed_at IS NULL"),
        ),
    )

    @classmethod
    def is_to_address(cls, now: datetime) -> ColumnElement[bool]:
        """Whether its recipients are still to be found, and it is not held back; for a query."""
        return and_(
            cls.addressed_at.is_(None), or_(cls.held_until.is_(None), cls.held_until <= now)
        )

    @property
    def pending(self) -> int:
        """How many it is addressed to and has not come to yet."""
        return max(0, self.recipients - self.sent - self.dead - self.dropped)

    @property
    def thread(self) -> str:
        """What is about one thing belongs together."""
        return f"{self.kind} {self.ref}"


@dataclass(frozen=True)
class Content:
    """What is told, to whom and by what; incidents, windows and the like have it as a row."""

    title: str = ""
    message: str = ""
    translations: Texts | None = None
    audiences: Collection[str] = ()
    channels: Collection[str] = ()
    components: Collection[str] = ()

    @classmethod
    def of(cls, row: object, **changed: Any) -> Self:
        """From the attributes of a row, but for what is given."""
        return cls(
            **{
                one.name: changed[one.name] if one.name in changed else getattr(row, one.name)
                for one in fields(cls)
            }
        )


def put(
    session: Session,
    kind: NoticeKind,
    event: Event,
    ref: str,
    content: Content,
    *,
    facts: Mapping[str, Any] | None = None,
    now: datetime,
    occurred_at: datetime | None = None,
    held_until: datetime | None = None,
    nth: object = "",
) -> None:
    """Tell it, unless the same was told before; `nth` tells events of one kind apart.

    Nobody is told before `held_until`.
    """
    row = {
        "key": f"{kind} {ref} {event} {nth}".strip(),
        "kind": kind.value,
        "event": event.value,
        "ref": ref,
        "title": content.title[:240],
        "message": content.message,
        "translations": content.translations or {},
        "facts": dict(facts or {}),
        "audiences": list(content.audiences),
        "channels": [one for one in SENT if one in content.channels],
        "components": list(content.components),
        "occurred_at": occurred_at or now,
        "created_at": now,
        "held_until": held_until,
        "urgency": urgency_of(kind, event).value,
        "position": 0,
        "addressed_at": None,
    }
    # Of two who tell it at once the second one waits, and then leaves it.
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(insert(Notice).values(row).on_conflict_do_nothing(index_elements=["key"]))


def withdraw(session: Session, kind: NoticeKind, ref: str, *, made_at: datetime) -> bool:
    """Take back what is held of the act at an instant; False when people were told of it."""
    gone = session.scalars(
        delete(Notice)
        .where(
            Notice.kind == kind.value,
            Notice.ref == ref,
            # What is held of an act before it stays true.
            Notice.created_at == made_at,
            Notice.addressed_at.is_(None),
            Notice.first.is_(None),
            Notice.held_until.is_not(None),
        )
        .returning(Notice.id)
    )
    return bool(gone.all())


def was_put(session: Session, kind: NoticeKind, event: Event, ref: str, nth: object = "") -> bool:
    key = f"{kind} {ref} {event} {nth}".strip()
    return session.scalar(select(Notice.id).where(Notice.key == key)) is not None


def for_operators(
    session: Session,
    event: Event,
    ref: str,
    *,
    title: str,
    message: str,
    link: str,
    now: datetime,
    nth: object = "",
) -> None:
    """A word to the operators' own channels, with where to act on it; nobody else gets it."""
    put(
        session,
        NoticeKind.ALERT,
        event,
        ref,
        Content(title=title, message=message, audiences=[Audience.OPERATIONS.value]),
        facts={"link": link},
        now=now,
        nth=nth,
    )
