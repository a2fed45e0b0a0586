"""The row of an announcement and the rules of its times."""

from datetime import datetime

from sqlalchemy import JSON, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.errors import RuleError
from portal.status.terms import START_GRACE, Status, check_start_and_end, derive_status
from portal.status.translations import Texts
from portal.store.base import Base


class Announcement(Base):
    """What was said, to whom, from when to when."""

    __tablename__ = "announcement"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    title: Mapped[str] = mapped_column(String(240))
    message: Mapped[str] = mapped_column(Text)
    # By language, what there is of title and message.
    translations: Mapped[Texts] = mapped_column(JSON, default=dict, server_default=text("'{}'"))
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

    def set_status(self, status: Status, *, ends_at: datetime | None, now: datetime) -> None:
        """Publish, take back or resolve; resolving keeps `ends_at`."""
        before = self.status_at(now)
        if before is Status.RESOLVED:
            raise RuleError("status", "This announcement is resolved. Create a new one.")
        if status is Status.RESOLVED:
            if ends_at is not None:
                raise RuleError("endsAt", "The end cannot be changed when you resolve.")
            self.resolved_at = now
            return
        ends_at, starts_at = ends_at or self.ends_at, self.starts_at
        if status is Status.ACTIVE:
            starts_at = min(starts_at, now)
        check_times(status, starts_at, ends_at, before=before, now=now)
        self.starts_at, self.ends_at = starts_at, ends_at
        self.is_draft = status is Status.DRAFT
        if not self.is_draft:
            self.published_at = self.published_at or now


def check_times(
    status: Status,
    starts_at: datetime,
    ends_at: datetime | None,
    *,
    before: Status | None,
    now: datetime,
) -> None:
    """The rules of times for a status to be; `before` is the status that an existing row has."""
    if status is Status.RESOLVED:
        if before is None:
            raise RuleError("status", "A new announcement cannot be resolved.")
        return
    if status is Status.DRAFT and ends_at is not None and ends_at <= starts_at:
        raise RuleError("endsAt", "The end must be after the start.")
    if status is Status.SCHEDULED and before is not Status.ACTIVE and starts_at < now - START_GRACE:
        raise RuleError("startsAt", "A scheduled announcement must start in the future.")
    if status is Status.ACTIVE and starts_at > now:
        raise RuleError(
            "startsAt",
            "An active announcement cannot start in the future. Use the status scheduled.",
        )
    if status in {Status.SCHEDULED, Status.ACTIVE}:
        check_start_and_end(starts_at, ends_at, now=now)
