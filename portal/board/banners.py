"""Banners: what announcements and windows look like to a reader at an instant."""

from datetime import datetime
from typing import Literal

from portal.board.memory import Memory
from portal.board.translated import Translated
from portal.status import prose
from portal.status.announcements import Announcement
from portal.status.terms import Audience, Channel, Severity, Status
from portal.status.windows import Window, WindowStatus


class Banner(Translated):
    """One thing to tell, in the one shape that all kinds share."""

    kind: Literal["announcement", "window", "incident"]
    ref: str
    title: str
    message: str
    message_html: str
    severity: Severity
    status: Status
    audiences: list[Audience]
    channels: list[Channel]
    dismissible: bool
    zone: str
    starts_at: datetime
    ends_at: datetime | None
    published_at: datetime | None
    resolved_at: datetime | None
    version: int
    # Of windows that come again, so that a list can show the next ones alone.
    series: int | None = None
    # Of windows: what they touch, public or not; so only what is public may be told of it.
    components: list[str] = []
    # When what is said was changed last; that a time has come is no such change.
    updated_at: datetime | None = None

    @property
    def over_at(self) -> datetime | None:
        """When it was over, or will be; None for one without an end."""
        return self.resolved_at or self.ends_at

    def changed_at(self, now: datetime) -> datetime:
        """When it last became what it is at `now`: was written, began or was over."""
        moments = (self.published_at, self.updated_at, self.starts_at, self.over_at)
        known = [moment for moment in moments if moment is not None]
        return max((moment for moment in known if moment <= now), default=min(known))

    def at(self, now: datetime) -> "Banner":
        """The same with the status of `now`."""
        over_at = self.over_at
        if over_at is not None and over_at <= now:
            status = Status.RESOLVED
        else:
            status = Status.SCHEDULED if now < self.starts_at else Status.ACTIVE
        return self if status is self.status else self.model_copy(update={"status": status})


def of_announcement(row: Announcement, *, now: datetime) -> Banner:
    return Banner(
        kind="announcement",
        ref=row.slug,
        title=row.title,
        message=row.message,
        message_html=prose.to_html(row.message),
        translations=row.translations or {},
        severity=Severity(row.severity),
        status=row.status_at(now),
        audiences=[Audience(name) for name in row.audiences],
        channels=[Channel(name) for name in row.channels],
        dismissible=row.dismissible,
        zone="UTC",
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        published_at=row.published_at,
        resolved_at=row.resolved_at,
        version=row.version,
        updated_at=row.updated_at,
    )


_STATUS = {
    # Nobody sees one but in an operator's preview.
    WindowStatus.PROPOSED: Status.SCHEDULED,
    WindowStatus.SCHEDULED: Status.SCHEDULED,
    WindowStatus.ACTIVE: Status.ACTIVE,
    WindowStatus.ENDED: Status.RESOLVED,
    WindowStatus.CANCELLED: Status.RESOLVED,
}


def of_window(row: Window, *, now: datetime) -> Banner:
    return Banner(
        kind="window",
        ref=row.reference,
        title=row.title,
        message=row.message,
        message_html=prose.to_html(row.message),
        translations=row.translations or {},
        severity=Severity.MAINTENANCE,
        status=_STATUS[row.status_at(now)],
        audiences=[Audience(name) for name in row.audiences],
        channels=[Channel(name) for name in row.channels],
        dismissible=False,
        zone=row.zone,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        published_at=row.created_at,
        resolved_at=row.ended_at or row.cancelled_at,
        version=row.version,
        series=row.series_id,
        components=list(row.components),
        updated_at=row.updated_at,
    )


class Known(Memory[Banner]):
    """Banners as one board told them last."""

    def of(self, row: Announcement | Window, *, now: datetime) -> Banner:
        """The banner of a row: another one where any column of it is another, or its status."""
        columns = type(row).__mapper__.column_attrs.keys()
        key = (row.status_at(now), [getattr(row, column) for column in columns])
        return self.get((type(row), row.id), key, lambda: _of(row, now=now))


def _of(row: Announcement | Window, *, now: datetime) -> Banner:
    return of_window(row, now=now) if isinstance(row, Window) else of_announcement(row, now=now)
