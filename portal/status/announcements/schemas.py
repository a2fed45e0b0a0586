"""Announcements as API, forms and CLI send them, and as they are answered."""

from datetime import datetime
from typing import Annotated

from pydantic import StringConstraints

from portal.errors import RuleError
from portal.schemas import Before, Camel, Instant
from portal.status.announcements.announcement import Announcement, check_times
from portal.status.terms import (
    Audience,
    Audiences,
    Channel,
    Channels,
    Message,
    Severity,
    Status,
    Title,
    values,
)
from portal.status.translations import Shown, Translations, stored

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]


class AnnouncementIn(Camel):
    """An announcement as API, forms and CLI send it."""

    slug: Slug | None = None
    title: Title
    message: Message = ""
    translations: Translations = None
    severity: Severity = Severity.INFO
    status: Status = Status.DRAFT
    audiences: Audiences = [Audience.PUBLIC]
    channels: Channels = [Channel.WEB]
    dismissible: bool = True
    starts_at: Instant | None = None
    ends_at: Instant | None = None

    def apply(self, row: Announcement, *, now: datetime) -> None:
        """Put the content into a row; RuleError when its times contradict its status."""
        starts_at = self.starts_at or (row.starts_at if row.starts_at else now)
        before = row.status_at(now) if row.starts_at else None
        if before is Status.RESOLVED and self.status is not Status.RESOLVED:
            raise RuleError("status", "This announcement is resolved. Create a new one.")
        check_times(self.status, starts_at, self.ends_at, before=before, now=now)
        row.title, row.message = self.title, self.message
        row.translations = stored(self.translations, row.translations)
        row.severity, row.dismissible = self.severity.value, self.dismissible
        row.audiences, row.channels = values(self.audiences), values(self.channels)
        row.starts_at, row.ends_at = starts_at, self.ends_at
        row.is_draft = self.status is Status.DRAFT
        if not row.is_draft:
            row.published_at = row.published_at or now
        row.resolved_at = (row.resolved_at or now) if self.status is Status.RESOLVED else None


class AnnouncementOut(Camel):
    """An announcement as the admin API answers it."""

    id: int
    slug: str
    title: str
    message: str
    translations: Shown
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
    """What the status should be; with a new end where it is published."""

    status: Status
    ends_at: Instant | None = None


class AnnouncementTimes(Before):
    """What a change of its status changes of an announcement."""

    is_draft: bool
    starts_at: datetime
    ends_at: datetime | None
    published_at: datetime | None
    resolved_at: datetime | None


def out(row: Announcement, *, now: datetime) -> AnnouncementOut:
    """The row as the API shows it at `now`."""
    return AnnouncementOut.of(row, status=row.status_at(now))
