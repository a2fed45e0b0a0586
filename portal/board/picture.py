"""The immutable picture of all that is published at an instant."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.board import banners
from portal.board.banners import Banner
from portal.status.announcements import Announcement
from portal.status.terms import Audience, Channel, Severity, Status
from portal.status.windows import Window
from portal.store import revision

# A picture older than this is taken anew even when nothing changed, so that its age stays small.
LONGEST_LIFE = timedelta(seconds=15)
UPCOMING_DAYS = 60
PAST_DAYS = 7
_MOST = 200


class Indicator(StrEnum):
    NONE = "none"
    MAINTENANCE = "maintenance"
    MINOR = "minor"
    MAJOR = "major"


_DESCRIPTIONS = {
    Indicator.NONE: "All systems operational",
    Indicator.MAINTENANCE: "Under maintenance",
    Indicator.MINOR: "Security notice",
    Indicator.MAJOR: "Service disrupted",
}


@dataclass(frozen=True)
class PastDay:
    """A day, and what was over on it."""

    day: date
    banners: tuple[Banner, ...]


@dataclass(frozen=True)
class Picture:
    """All banners, whatever their audience; readers get what is theirs by `for_reader`."""

    revision: int
    generated_at: datetime
    valid_until: datetime
    banners: tuple[Banner, ...]
    # When the database stopped answering; None while it does.
    stale_since: datetime | None = None

    def public(self, status: Status) -> tuple[Banner, ...]:
        """What everyone may see on the web, the most severe and latest first."""
        return self.for_reader(Audience.PUBLIC, channel=Channel.WEB, status=status)

    def for_reader(
        self, audience: Audience, *, channel: Channel | None = None, status: Status | None = None
    ) -> tuple[Banner, ...]:
        found = [
            banner
            for banner in self.banners
            if audience in banner.audiences
            and (channel is None or channel in banner.channels)
            and (status is None or banner.status is status)
        ]
        return tuple(
            sorted(found, key=lambda one: (-one.severity.rank, -one.starts_at.timestamp()))
        )

    @property
    def active(self) -> tuple[Banner, ...]:
        return self.public(Status.ACTIVE)

    @property
    def upcoming(self) -> tuple[Banner, ...]:
        return tuple(sorted(self.public(Status.SCHEDULED), key=lambda one: one.starts_at))

    @property
    def past_days(self) -> tuple[PastDay, ...]:
        """The last seven days, today first, the quiet ones too."""
        over = self.public(Status.RESOLVED)
        today = self.generated_at.date()
        return tuple(
            PastDay(
                day,
                tuple(one for one in over if one.over_at and one.over_at.date() == day),
            )
            for day in (today - timedelta(days=number) for number in range(PAST_DAYS))
        )

    @property
    def indicator(self) -> Indicator:
        severities = {banner.severity for banner in self.active}
        if Severity.INCIDENT in severities:
            return Indicator.MAJOR
        if Severity.SECURITY in severities:
            return Indicator.MINOR
        return Indicator.MAINTENANCE if Severity.MAINTENANCE in severities else Indicator.NONE

    @property
    def description(self) -> str:
        return _DESCRIPTIONS[self.indicator]

    def at(self, now: datetime, *, stale_since: datetime) -> "Picture":
        """The same data seen at `now`, for when the database cannot be asked."""
        moved = tuple(banner.at(now) for banner in self.banners)
        return Picture(
            self.revision, self.generated_at, _next_change(moved, now), moved, stale_since
        )


def take(session: Session, *, now: datetime) -> Picture:
    """Read what is published around `now`; the cost does not grow with history."""
    since, until = now - timedelta(days=PAST_DAYS), now + timedelta(days=UPCOMING_DAYS)
    number = revision.current(session)
    rows = session.scalars(
        select(Announcement)
        .where(
            Announcement.is_draft.is_(False),
            Announcement.starts_at <= until,
            or_(Announcement.ends_at.is_(None), Announcement.ends_at > since),
            or_(Announcement.resolved_at.is_(None), Announcement.resolved_at > since),
        )
        .order_by(Announcement.starts_at.desc())
        .limit(_MOST)
    )
    found = [banners.of_announcement(row, now=now) for row in rows]
    planned = session.scalars(
        select(Window)
        .where(Window.starts_at <= until, Window.ends_at > since, Window.cancelled_at.is_(None))
        .order_by(Window.starts_at.desc())
        .limit(_MOST)
    )
    found += [banners.of_window(row, now=now) for row in planned]
    return Picture(number, now, _next_change(found, now), tuple(found))


def _next_change(found: list[Banner] | tuple[Banner, ...], now: datetime) -> datetime:
    moments = [moment for one in found for moment in (one.starts_at, one.over_at) if moment]
    return min([moment for moment in moments if moment > now] + [now + LONGEST_LIFE])
