"""Series: windows that come again by a rule; each occurrence is a window of its own.

Occurrences are planned two months ahead, when the series is made and by `portal worker` from then
on. An occurrence can be started, extended, ended and cancelled like any window.
"""

from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field
from sqlalchemy import JSON, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.status import recurrence, windows
from portal.status.terms import Audience, Camel, Channel, Instant, RuleError, check_span
from portal.status.windows import PlanIn, Preparation, Window
from portal.store.base import Base

AHEAD = timedelta(days=62)
MOST_AHEAD = 200
SHOWN = 5
LONGEST = timedelta(days=7)


class WindowSeries(Preparation, Base):
    """The rule and what its windows have in common."""

    __tablename__ = "window_series"

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(16), unique=True)
    title: Mapped[str] = mapped_column(String(240))
    message: Mapped[str] = mapped_column(Text)
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


class SeriesIn(PlanIn):
    """A window that comes again: its first start and end, and the rule."""

    starts_at: Instant
    ends_at: Instant
    recurrence: Annotated[str, Field(min_length=1, max_length=200)]


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


def check(wish: SeriesIn, *, now: datetime) -> None:
    """RuleError when the first occurrence or the rule cannot be."""
    check_span(wish.starts_at, wish.ends_at, now=now)
    if wish.starts_at < now:
        raise RuleError("startsAt", "The first start must be in the future.")
    if wish.ends_at - wish.starts_at > LONGEST:
        raise RuleError("endsAt", "A window that comes again lasts seven days at most.")
    if not upcoming(wish, now=now, most=1):
        raise RuleError(recurrence.FIELD, "By this rule none comes within five years.")


def upcoming(wish: SeriesIn, *, now: datetime, most: int = SHOWN) -> list[Occurrence]:
    """The next occurrences, to be looked at before anything is stored."""
    first = _local(wish.starts_at, wish.zone)
    found = recurrence.occurrences(
        wish.recurrence, first, wish.zone, since=now, until=now + recurrence.HORIZON, most=most
    )
    length = wish.ends_at - wish.starts_at
    return [
        Occurrence(local=_text(local), starts_at=moment, ends_at=moment + length)
        for local, moment in found
    ]


def new(wish: SeriesIn, *, actor: str, now: datetime) -> WindowSeries:
    row = WindowSeries(
        reference="s" + windows.new_reference()[1:],
        title=wish.title,
        message=wish.message,
        zone=wish.zone,
        audiences=[one.value for one in dict.fromkeys(wish.audiences)],
        channels=[one.value for one in dict.fromkeys(wish.channels)],
        components=list(dict.fromkeys(wish.components)),
        rule=wish.recurrence.strip(),
        first_local=_text(_local(wish.starts_at, wish.zone)),
        duration_seconds=int((wish.ends_at - wish.starts_at).total_seconds()),
        planned_until=now,
        cancelled_at=None,
        created_at=now,
        updated_at=now,
        version=1,
        created_by=actor,
        awaits_approval=False,
    )
    windows.prepare(row, wish, row.components)
    return row


def plan(session: Session, row: WindowSeries, *, now: datetime) -> list[Window]:
    """Make the windows that are missing up to two months from now, in the caller's transaction."""
    until = now + AHEAD
    found = recurrence.occurrences(
        row.rule,
        datetime.fromisoformat(row.first_local),
        row.zone,
        since=row.planned_until,
        until=until,
        most=MOST_AHEAD,
    )
    length = timedelta(seconds=row.duration_seconds)
    made = [
        Window(
            reference=windows.new_reference(),
            title=row.title,
            message=row.message,
            zone=row.zone,
            audiences=row.audiences,
            channels=row.channels,
            components=row.components,
            starts_at=moment,
            ends_at=moment + length,
            first_ends_at=moment + length,
            owner=row.owner,
            impact=row.impact,
            rollback_plan=row.rollback_plan,
            effects=row.effects,
            created_by=row.created_by,
            approved_by=row.approved_by,
            awaits_approval=False,
            series_id=row.id,
            occurrence=_text(local),
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


def due(session: Session, *, now: datetime) -> list[WindowSeries]:
    """Those whose plan does not reach a day short of two months any more."""
    return list(
        session.scalars(
            select(WindowSeries)
            .where(
                WindowSeries.cancelled_at.is_(None),
                WindowSeries.awaits_approval.is_(False),
                WindowSeries.planned_until < now + AHEAD - timedelta(days=1),
            )
            .with_for_update()
        )
    )


def find(session: Session, reference: str) -> WindowSeries | None:
    return session.scalar(select(WindowSeries).where(WindowSeries.reference == reference))


def page(session: Session, *, limit: int, offset: int) -> tuple[list[WindowSeries], int]:
    """A page, the newest first, and how many there are."""
    total = session.scalar(select(func.count()).select_from(WindowSeries)) or 0
    rows = session.scalars(
        select(WindowSeries).order_by(WindowSeries.id.desc()).limit(limit).offset(offset)
    )
    return list(rows), total


def out(row: WindowSeries, *, now: datetime) -> SeriesOut:
    """The row with its next occurrences, none when it was cancelled."""
    length = timedelta(seconds=row.duration_seconds)
    found = (
        []
        if row.cancelled_at
        else recurrence.occurrences(
            row.rule,
            datetime.fromisoformat(row.first_local),
            row.zone,
            since=now,
            until=now + recurrence.HORIZON,
            most=SHOWN,
        )
    )
    values = {
        name: getattr(row, name)
        for name in SeriesOut.model_fields
        if name not in {"next", "recurrence"}
    }
    shown = [
        Occurrence(local=_text(local), starts_at=moment, ends_at=moment + length)
        for local, moment in found
    ]
    return SeriesOut.model_validate({**values, "recurrence": row.rule, "next": shown})


def _local(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None, microsecond=0)


def _text(local: datetime) -> str:
    return local.isoformat(timespec="seconds")
