"""The row of a series, and its windows of the next two months."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import JSON, String, Text, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.status.series import recurrence
from portal.status.translations import Texts
from portal.status.windows import Preparation, Window, new_reference
from portal.store.base import Base

AHEAD = timedelta(days=62)
MOST_AHEAD = 200
# What a window takes over from its series.
_SHARED = (
    "title",
    "message",
    "translations",
    "zone",
    "audiences",
    "channels",
    "components",
    "owner",
    "impact",
    "rollback_plan",
    "effects",
    "created_by",
    "approved_by",
)


class WindowSeries(Preparation, Base):
    """The rule and what its windows have in common."""

    __tablename__ = "window_series"

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(16), unique=True)
    title: Mapped[str] = mapped_column(String(240))
    message: Mapped[str] = mapped_column(Text)
    # By language, what there is of title and message.
    translations: Mapped[Texts] = mapped_column(JSON, default=dict, server_default=text("'{}'"))
    zone: Mapped[str] = mapped_column(String(64))
    audiences: Mapped[list[str]] = mapped_column(JSON)
    channels: Mapped[list[str]] = mapped_column(JSON)
    components: Mapped[list[str]] = mapped_column(JSON)
    rule: Mapped[str] = mapped_column(String(200))
    first_local: Mapped[str] = mapped_column(String(19))
    duration_seconds: Mapped[int]
    planned_until: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int]

    @property
    def length(self) -> timedelta:
        return timedelta(seconds=self.duration_seconds)

    def occurrences(
        self, *, since: datetime, until: datetime, most: int
    ) -> list[tuple[datetime, datetime]]:
        """Starts after `since` and up to `until`, as (naive local time, instant)."""
        first = datetime.fromisoformat(self.first_local)
        return recurrence.occurrences(
            self.rule, first, self.zone, since=since, until=until, most=most
        )


def plan(session: Session, row: WindowSeries, *, now: datetime) -> list[Window]:
    """Make the windows that are missing up to two months from now, in the caller's transaction."""
    until = now + AHEAD
    found = row.occurrences(since=row.planned_until, until=until, most=MOST_AHEAD)
    made = [
        Window(
            **{name: getattr(row, name) for name in _SHARED},
            reference=new_reference(),
            starts_at=moment,
            ends_at=moment + row.length,
            first_ends_at=moment + row.length,
            awaits_approval=False,
            series_id=row.id,
            occurrence=local_text(local),
            created_at=now,
            updated_at=now,
            version=1,
        )
        for local, moment in found
    ]
    session.add_all(made)
    # After many at once the rest is looked for from the last one on.
    row.planned_until = found[-1][1] if len(found) == MOST_AHEAD else until
    return made


def local_time(moment: datetime, zone: str) -> datetime:
    """`moment` on the clocks of `zone`, naive and in whole seconds."""
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None, microsecond=0)


def local_text(local: datetime) -> str:
    return local.isoformat(timespec="seconds")
