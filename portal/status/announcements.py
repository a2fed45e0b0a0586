"""Announcements: a message to an audience with a severity and a time span."""

import re
import unicodedata
from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints
from sqlalchemy import JSON, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.status.terms import (
    START_GRACE,
    Audience,
    Camel,
    Channel,
    Instant,
    RuleError,
    Severity,
    Status,
    check_span,
    derive_status,
)
from portal.store.base import Base

Title = Annotated[str, StringConstraints(min_length=1, max_length=240, pattern=r"^[^\x00]*$")]
Message = Annotated[str, StringConstraints(max_length=5000, pattern=r"^[^\x00]*$")]
Audiences = Annotated[list[Audience], Field(min_length=1, max_length=8)]
Channels = Annotated[list[Channel], Field(min_length=1, max_length=6)]


class Announcement(Base):
    """What was said, to whom, from when to when."""

    __tablename__ = "announcement"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    title: Mapped[str] = mapped_column(String(240))
    message: Mapped[str] = mapped_column(Text)
    severity: Mapped[str] = mapped_column(String(20))
    is_draft: Mapped[bool]
    audiences: Mapped[list[str]] = mapped_column(JSON)
    channels: Mapped[list[str]] = mapped_column(JSON)
    dismissible: Mapped[bool]
    starts_at: Mapped[datetime] = mapped_column(index=True)
    ends_at: Mapped[datetime | None] = mapped_column(index=True)
    published_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None] = mapped_column(index=True)
    last_broadcast_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int]

    def status_at(self, now: datetime) -> Status:
        return derive_status(
            is_draft=self.is_draft,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            ended_at=self.resolved_at,
            now=now,
        )


class AnnouncementIn(Camel):
    """An announcement as API, forms and CLI send it."""

    slug: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)] | (
        None
    ) = None
    title: Title
    message: Message = ""
    severity: Severity = Severity.INFO
    status: Status = Status.DRAFT
    audiences: Audiences = [Audience.PUBLIC]
    channels: Channels = [Channel.WEB]
    dismissible: bool = True
    starts_at: Instant | None = None
    ends_at: Instant | None = None


class AnnouncementOut(Camel):
    """An announcement as the admin API answers it."""

    id: int
    slug: str
    title: str
    message: str
    severity: Severity
    status: Status
    audiences: list[Audience]
    channels: list[Channel]
    dismissible: bool
    starts_at: datetime
    ends_at: datetime | None
    published_at: datetime | None
    resolved_at: datetime | None
    last_broadcast_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


class StatusChange(Camel):
    """A wish to publish, or to resolve."""

    status: Status
    ends_at: Instant | None = None


def out(row: Announcement, *, now: datetime) -> AnnouncementOut:
    """The row as the API shows it at `now`."""
    return AnnouncementOut.model_validate(
        {
            name: row.status_at(now) if name == "status" else getattr(row, name)
            for name in AnnouncementOut.model_fields
        }
    )


def apply(row: Announcement, wish: AnnouncementIn, *, now: datetime) -> None:
    """Take the wish over into the row; RuleError when its times contradict its status."""
    starts_at = wish.starts_at or (row.starts_at if row.starts_at else now)
    check_times(
        wish.status,
        starts_at,
        wish.ends_at,
        before=row.status_at(now) if row.starts_at else None,
        now=now,
    )
    row.title, row.message = wish.title, wish.message
    row.severity, row.dismissible = wish.severity.value, wish.dismissible
    row.audiences = [audience.value for audience in dict.fromkeys(wish.audiences)]
    row.channels = [channel.value for channel in dict.fromkeys(wish.channels)]
    row.starts_at, row.ends_at = starts_at, wish.ends_at
    row.is_draft = wish.status is Status.DRAFT
    if not row.is_draft:
        row.published_at = row.published_at or now
    row.resolved_at = (row.resolved_at or now) if wish.status is Status.RESOLVED else None


def check_times(
    status: Status,
    starts_at: datetime,
    ends_at: datetime | None,
    *,
    before: Status | None,
    now: datetime,
) -> None:
    """The rules of times for a wished status; `before` is the status an existing row has."""
    if status is Status.RESOLVED:
        if before is None:
            raise RuleError("status", "An announcement cannot begin its life resolved.")
        return
    if status is Status.DRAFT and ends_at is not None and ends_at <= starts_at:
        raise RuleError("endsAt", "The end must be after the start.")
    if status is Status.SCHEDULED and before is not Status.ACTIVE and starts_at < now - START_GRACE:
        raise RuleError("startsAt", "A scheduled announcement starts in the future.")
    if status is Status.ACTIVE and starts_at > now:
        raise RuleError("startsAt", "An active announcement has started; schedule this one.")
    if status in {Status.SCHEDULED, Status.ACTIVE}:
        check_span(starts_at, ends_at, now=now)


def find(session: Session, ref: str) -> Announcement | None:
    """By id or slug."""
    if ref.isascii() and ref.isdigit() and len(ref) < 10:
        row = session.get(Announcement, int(ref))
        if row is not None:
            return row
    return session.scalar(select(Announcement).where(Announcement.slug == ref))


def page(session: Session, *, limit: int, offset: int) -> tuple[list[Announcement], int]:
    """A page, newest first, and how many there are."""
    total = session.scalar(select(func.count()).select_from(Announcement)) or 0
    rows = session.scalars(
        select(Announcement).order_by(Announcement.id.desc()).limit(limit).offset(offset)
    )
    return list(rows), total


def free_slug(session: Session, title: str) -> str:
    """A slug made from the title that nobody has."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or "announcement"
    # A slug of digits alone would be read as an id.
    stem = f"a-{stem}" if stem.isdigit() else stem
    slug, number = stem, 1
    while session.scalar(select(Announcement.id).where(Announcement.slug == slug)):
        number += 1
        slug = f"{stem}-{number}"
    return slug
