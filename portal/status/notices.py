"""Notices: what must be told to people, stored in the transaction of its cause.

A notice has a key that names its cause; the same cause, whoever sees it first, makes one notice.
Who gets it, and how, is the work of `portal.notify`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, String, Text, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal import clock
from portal.status.announcements import Announcement
from portal.status.incidents import Incident
from portal.status.series import WindowSeries
from portal.status.terms import Audience, Channel
from portal.status.windows import Window
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


class Notice(Base):
    """One thing to tell; `position` is the last subscriber that it was addressed to."""

    __tablename__ = "notice"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    event: Mapped[str] = mapped_column(String(16))
    ref: Mapped[str] = mapped_column(String(80))
    title: Mapped[str] = mapped_column(String(240))
    message: Mapped[str] = mapped_column(Text)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    audiences: Mapped[list[str]] = mapped_column(JSON)
    channels: Mapped[list[str]] = mapped_column(JSON)
    components: Mapped[list[str]] = mapped_column(JSON)
    occurred_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(index=True)
    position: Mapped[int]
    addressed_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_notice_kind_ref", "kind", "ref"),
        Index(
            "ix_notice_unaddressed",
            "id",
            sqlite_where=text("addressed_at IS NULL"),
            postgresql_where=text("addressed_at IS NULL"),
        ),
    )

    @property
    def thread(self) -> str:
        """What is about one thing belongs together."""
        return f"{self.kind} {self.ref}"


def put(
    session: Session,
    kind: NoticeKind,
    event: Event,
    ref: str,
    *,
    title: str,
    message: str = "",
    facts: Mapping[str, Any] | None = None,
    audiences: list[str],
    channels: list[str],
    components: list[str],
    now: datetime,
    occurred_at: datetime | None = None,
    nth: object = "",
) -> None:
    """Tell it, unless the same was told before; `nth` tells events of one kind apart."""
    row = {
        "key": f"{kind} {ref} {event} {nth}".strip(),
        "kind": kind.value,
        "event": event.value,
        "ref": ref,
        "title": title[:240],
        "message": message,
        "facts": dict(facts or {}),
        "audiences": audiences,
        "channels": [one for one in SENT if one in channels],
        "components": components,
        "occurred_at": occurred_at or now,
        "created_at": now,
        "position": 0,
        "addressed_at": None,
    }
    # Of two who tell it at once the second one waits, and then leaves it.
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(insert(Notice).values(row).on_conflict_do_nothing(index_elements=["key"]))


def was_put(session: Session, kind: NoticeKind, event: Event, ref: str, nth: object = "") -> bool:
    key = f"{kind} {ref} {event} {nth}".strip()
    return session.scalar(select(Notice.id).where(Notice.key == key)) is not None


# What happens to a window once, by whatever hand, or by the clock.
_ONCE = {Event.SCHEDULED, Event.STARTED, Event.ENDED, Event.CANCELLED}


def of_window(
    session: Session,
    row: Window,
    event: Event,
    *,
    now: datetime,
    before: tuple[datetime, datetime] | None = None,
    nth: object = "",
    at: datetime | None = None,
) -> None:
    """Something about a window; `before` is when it was to start and end until now."""
    ends_at = row.ended_at or row.ends_at
    facts = {
        "startsAt": clock.iso(row.starts_at),
        "endsAt": clock.iso(ends_at),
        "zone": row.zone,
        **({"expected": row.impact} if row.impact else {}),
        **({"effects": row.effects} if row.effects else {}),
    }
    if before is not None and before[0] != row.starts_at:
        facts["previousStartsAt"] = clock.iso(before[0])
    if before is not None and before[1] != ends_at:
        facts["previousEndsAt"] = clock.iso(before[1])
    put(
        session,
        NoticeKind.WINDOW,
        event,
        row.reference,
        title=row.title,
        message=row.message,
        facts=facts,
        audiences=row.audiences,
        channels=row.channels,
        components=row.components,
        now=now,
        occurred_at=at,
        nth=nth if nth or event in _ONCE else row.version,
    )


def of_series(
    session: Session, row: WindowSeries, event: Event, windows: list[Window], *, now: datetime
) -> None:
    """A series was planned or called off, with the windows that this touches."""
    facts = {
        "rule": row.rule,
        "zone": row.zone,
        "windows": [
            {"startsAt": clock.iso(one.starts_at), "endsAt": clock.iso(one.ends_at)}
            for one in sorted(windows, key=lambda one: one.starts_at)[:5]
        ],
    }
    put(
        session,
        NoticeKind.SERIES,
        event,
        row.reference,
        title=row.title,
        message=row.message,
        facts=facts,
        audiences=row.audiences,
        channels=row.channels,
        components=row.components,
        now=now,
    )


def of_announcement(
    session: Session, row: Announcement, event: Event, *, now: datetime, at: datetime | None = None
) -> None:
    """Something about an announcement that people can see."""
    put(
        session,
        NoticeKind.ANNOUNCEMENT,
        event,
        row.slug,
        title=row.title,
        message=row.message,
        facts={
            "severity": row.severity,
            **(
                {"endsAt": clock.iso(row.ends_at)}
                if row.ends_at and event is not Event.RESOLVED
                else {}
            ),
        },
        audiences=row.audiences,
        channels=row.channels,
        components=[],
        now=now,
        occurred_at=at,
        nth=row.version if event is Event.CHANGED else "",
    )
    if event is not Event.RESOLVED and set(row.channels) & set(SENT):
        row.last_broadcast_at = now


def of_incident(
    session: Session,
    row: Incident,
    event: Event,
    message: str,
    states: Mapping[str, str],
    *,
    now: datetime,
    at: datetime,
) -> None:
    """A public word about an incident, by every channel; what is written up late is not sent.

    `states` are the components that it has touched, as they are now.
    """
    if at < now - NEWS:
        return
    facts: dict[str, Any] = {"status": row.status, "impact": row.impact, "components": dict(states)}
    if row.next_update_at is not None:
        facts["nextUpdateAt"] = clock.iso(row.next_update_at)
    put(
        session,
        NoticeKind.INCIDENT,
        event,
        row.reference,
        title=row.title,
        message=message,
        facts=facts,
        audiences=row.audiences,
        channels=list(SENT),
        components=list(states),
        now=now,
        occurred_at=at,
        nth="" if event is Event.OPENED else row.version,
    )


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
        title=title,
        message=message,
        facts={"link": link},
        audiences=[Audience.OPERATIONS.value],
        channels=[],
        components=[],
        now=now,
        nth=nth,
    )
