"""Series as API and forms send them, and as they are answered."""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field, PrivateAttr

from portal.errors import RuleError
from portal.schemas import Camel, Instant
from portal.status.series import recurrence
from portal.status.series.series import WindowSeries, local_text, local_time
from portal.status.terms import Audience, Channel, check_start_and_end, values
from portal.status.translations import Shown, stored
from portal.status.windows import PlanIn, new_reference

SHOWN = 5
LONGEST = timedelta(days=7)


class SeriesIn(PlanIn):
    """A recurring window: its first start and end, and the rule."""

    starts_at: Instant
    ends_at: Instant
    recurrence: Annotated[str, Field(min_length=1, max_length=200)]

    _first: datetime | None = PrivateAttr(default=None)

    def on_the_clock(self, first: datetime, last: datetime) -> None:
        """Start and end as they stand on the clocks of the zone, naive.

        In the hour that a change of the clocks leaves out, the first window comes later, and those
        that follow at the time that was meant.
        """
        self._first = first
        self.starts_at = recurrence.instant(first, self.zone)
        self.ends_at = self.starts_at + (last - first)

    def check(self, *, now: datetime) -> None:
        """RuleError when the first occurrence or the rule cannot be."""
        check_start_and_end(self.starts_at, self.ends_at, now=now)
        if self.starts_at < now:
            raise RuleError("startsAt", "The first start must be in the future.")
        if self.ends_at - self.starts_at > LONGEST:
            raise RuleError("endsAt", "A recurring window can last seven days at most.")
        if not self.upcoming(now=now, most=1):
            raise RuleError(recurrence.FIELD, "This rule has no occurrence in the next five years.")

    def upcoming(self, *, now: datetime, most: int = SHOWN) -> list["Occurrence"]:
        """The next occurrences, to be looked at before anything is stored."""
        row = self.row(actor="", now=now)
        return _shown(row, now=now, most=most)

    def row(self, *, actor: str, now: datetime) -> WindowSeries:
        """A new row of this content, without windows."""
        row = WindowSeries(
            reference="s" + new_reference()[1:],
            title=self.title,
            message=self.message,
            translations=stored(self.translations),
            zone=self.zone,
            audiences=values(self.audiences),
            channels=values(self.channels),
            components=list(dict.fromkeys(self.components)),
            rule=self.recurrence.strip(),
            first_local=local_text(self._first or local_time(self.starts_at, self.zone)),
            duration_seconds=int((self.ends_at - self.starts_at).total_seconds()),
            planned_until=now,
            created_at=now,
            created_by=actor,
            awaits_approval=False,
        )
        self.prepare(row, row.components)
        return row


class Occurrence(Camel):
    """When one comes; `local` is on the clocks of the zone."""

    local: str
    starts_at: datetime
    ends_at: datetime


class SeriesOut(Camel):
    id: int
    reference: str
    title: str
    message: str
    translations: Shown
    zone: str
    audiences: list[Audience]
    channels: list[Channel]
    components: list[str]
    recurrence: str
    duration_seconds: int
    next: list[Occurrence]
    owner: str
    impact: str
    rollback_plan: str
    effects: dict[str, str]
    created_by: str
    awaits_approval: bool
    approved_by: str | None
    planned_until: datetime
    cancelled_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


def out(row: WindowSeries, *, now: datetime) -> SeriesOut:
    """The row with its next occurrences, none when it was cancelled."""
    upcoming = [] if row.cancelled_at else _shown(row, now=now, most=SHOWN)
    return SeriesOut.of(row, recurrence=row.rule, next=upcoming)


def _shown(row: WindowSeries, *, now: datetime, most: int) -> list[Occurrence]:
    found = row.occurrences(since=now, until=now + recurrence.HORIZON, most=most)
    return [
        Occurrence(local=local_text(local), starts_at=moment, ends_at=moment + row.length)
        for local, moment in found
    ]
