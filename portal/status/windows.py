"""Windows: planned maintenance with a start, an end and a zone."""

import secrets
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, StringConstraints
from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKey,
    String,
    Text,
    UniqueConstraint,
    and_,
    false,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal import durations
from portal.status import freezes
from portal.status.announcements import Audiences, Channels, Message, Title
from portal.status.components import Slug
from portal.status.terms import (
    START_GRACE,
    Audience,
    Camel,
    Channel,
    Instant,
    RuleError,
    Status,
    check_span,
    derive_status,
)
from portal.store.base import Base

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


class WindowStatus(StrEnum):
    # Waits for somebody else to look at it; nobody but operators knows of it.
    PROPOSED = "proposed"
    SCHEDULED = "scheduled"
    ACTIVE = "active"
    ENDED = "ended"
    CANCELLED = "cancelled"


class Action(StrEnum):
    """What can be done to a window."""

    START = "start"
    EXTEND = "extend"
    END = "end"
    CANCEL = "cancel"
    APPROVE = "approve"


class Preparation:
    """What operators think of beforehand; `impact` is for everyone, the rest stays inside."""

    owner: Mapped[str] = mapped_column(String(120), server_default="")
    impact: Mapped[str] = mapped_column(String(500), server_default="")
    rollback_plan: Mapped[str] = mapped_column(Text, server_default="")
    # Of components that are not simply under maintenance: what is left of them.
    effects: Mapped[dict[str, str]] = mapped_column(JSON, server_default=text("'{}'"))
    created_by: Mapped[str] = mapped_column(String(120), server_default="")
    awaits_approval: Mapped[bool] = mapped_column(server_default=false())
    approved_by: Mapped[str | None] = mapped_column(String(120))


class Window(Preparation, Base):
    """One planned maintenance. `ends_at` is when it was to end, `ended_at` when it did."""

    __tablename__ = "window"

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(16), unique=True)
    title: Mapped[str] = mapped_column(String(240))
    message: Mapped[str] = mapped_column(Text)
    zone: Mapped[str] = mapped_column(String(64))
    audiences: Mapped[list[str]] = mapped_column(JSON)
    channels: Mapped[list[str]] = mapped_column(JSON)
    components: Mapped[list[str]] = mapped_column(JSON, server_default=text("'[]'"))
    starts_at: Mapped[datetime] = mapped_column(index=True)
    ends_at: Mapped[datetime] = mapped_column(index=True)
    first_ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(index=True)
    cancelled_at: Mapped[datetime | None]
    # Of a series: which one it is, by its local time.
    series_id: Mapped[int | None] = mapped_column(ForeignKey("window_series.id"))
    occurrence: Mapped[str | None] = mapped_column(String(19))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int]

    __table_args__ = (UniqueConstraint("series_id", "occurrence"),)

    def status_at(self, now: datetime) -> WindowStatus:
        if self.cancelled_at is not None and self.cancelled_at <= now:
            return WindowStatus.CANCELLED
        if self.awaits_approval:
            return WindowStatus.PROPOSED
        status = derive_status(
            is_draft=False,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            ended_at=self.ended_at,
            now=now,
        )
        return {Status.SCHEDULED: WindowStatus.SCHEDULED, Status.ACTIVE: WindowStatus.ACTIVE}.get(
            status, WindowStatus.ENDED
        )

    def start(self, *, now: datetime) -> None:
        """Begin before its time; its length stays."""
        self._require(WindowStatus.SCHEDULED, now, "has not begun can be started")
        length = self.ends_at - self.starts_at
        self.starts_at, self.ends_at = now, now + length
        self.first_ends_at = self.ends_at

    def extend(self, by_text: str | None, *, now: datetime) -> None:
        """Put the end off; the first end stays on record."""
        self._require(WindowStatus.ACTIVE, now, "runs can be extended", WindowStatus.SCHEDULED)
        if not by_text:
            raise RuleError("duration", "Say by how much, for instance 30m.")
        try:
            ends_at = self.ends_at + durations.parse(by_text)
        except (ValueError, OverflowError):
            raise RuleError("duration", "Write a duration such as 15m or 1h30m.") from None
        check_span(self.starts_at, ends_at, now=now)
        self.ends_at = ends_at

    def end(self, *, now: datetime) -> None:
        """End a running window now; when it was to end stays on record."""
        self._require(WindowStatus.ACTIVE, now, "runs can be ended")
        self.ended_at = now

    def cancel(self, *, now: datetime) -> None:
        """Call off a window that has not begun, or that nobody approved."""
        self._require(
            WindowStatus.SCHEDULED, now, "has not begun can be cancelled", WindowStatus.PROPOSED
        )
        self.cancelled_at = now

    def approve(self, *, actor: str, now: datetime) -> None:
        """The second pair of eyes: not those of whoever wrote it last."""
        self._require(WindowStatus.PROPOSED, now, "is proposed can be approved")
        check_approval(self, actor=actor)
        if self.ends_at <= now:
            raise RuleError("action", "Its end has passed; cancel it, and plan another.")

    def _require(self, wanted: WindowStatus, now: datetime, text: str, *also: WindowStatus) -> None:
        status = self.status_at(now)
        if status is not wanted and status not in also:
            raise RuleError("action", f"Only a window that {text}; this one is {status.value}.")


def _is_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("is not a time zone; write for instance Europe/Berlin or UTC")
    return name


# What may be left of a component in a window.
Effect = Literal["degraded_performance", "partial_outage", "major_outage"]
ZoneName = Annotated[str, AfterValidator(_is_zone)]


class PlanIn(Camel):
    """What windows and series have in common: what is told, and what operators think of before.

    `effects` says of components what is left of them, where that is more than nothing.
    """

    title: Title
    message: Message = ""
    zone: ZoneName = "UTC"
    audiences: Audiences = [Audience.PUBLIC]
    channels: Channels = [Channel.WEB, Channel.EMAIL, Channel.API]
    components: list[Slug] = Field(default=[], max_length=100)
    owner: Annotated[str, StringConstraints(max_length=120, pattern=r"^[^\x00]*$")] = ""
    impact: Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")] = ""
    rollback_plan: Message = ""
    effects: dict[Slug, Effect] = Field(default={}, max_length=100)


class WindowIn(PlanIn):
    """A window as API, forms and CLI send it; without a start it begins now."""

    starts_at: Instant | None = None
    ends_at: Instant


class WindowAct(Camel):
    """`duration` goes with extend."""

    action: Action
    duration: Annotated[str, Field(max_length=40)] | None = None


class WindowOut(Camel):
    """A window as the admin API answers it; `overlaps` names others at the same time."""

    id: int
    reference: str
    title: str
    message: str
    zone: str
    status: WindowStatus
    audiences: list[Audience]
    channels: list[Channel]
    components: list[str]
    starts_at: datetime
    ends_at: datetime
    first_ends_at: datetime
    ended_at: datetime | None
    cancelled_at: datetime | None
    occurrence: str | None
    owner: str
    impact: str
    rollback_plan: str
    effects: dict[str, str]
    created_by: str
    approved_by: str | None
    created_at: datetime
    updated_at: datetime
    version: int
    overlaps: list[str] = []
    freezes: list[str] = []


def out(
    row: Window,
    *,
    now: datetime,
    overlaps: list[str] | None = None,
    freezes: list[str] | None = None,
) -> WindowOut:
    """The row as the API shows it at `now`."""
    values = {
        name: getattr(row, name)
        for name in WindowOut.model_fields
        if name not in {"status", "overlaps", "freezes"}
    }
    return WindowOut.model_validate(
        {
            **values,
            "status": row.status_at(now),
            "overlaps": overlaps or [],
            "freezes": freezes or [],
        }
    )


def warned(session: Session, row: Window, *, now: datetime) -> WindowOut:
    """The same with what it overlaps and which freezes it touches."""
    return out(
        row,
        now=now,
        overlaps=overlapping(session, row),
        freezes=freezes.touching(session, row.starts_at, row.ends_at),
    )


def prepare(row: Preparation, wish: PlanIn, components: list[str]) -> None:
    """Take the preparation over; RuleError for an effect on what is not touched."""
    for slug in wish.effects:
        if slug not in components:
            raise RuleError("effects", f"{slug} is not among the components of this window.")
    row.owner, row.impact = wish.owner, wish.impact
    row.rollback_plan, row.effects = wish.rollback_plan, dict(wish.effects)


def check_approval(row: Preparation, *, actor: str) -> None:
    """RuleError when the second pair of eyes are the first; approves otherwise."""
    if row.created_by == actor:
        raise RuleError("action", "You wrote this; somebody else has to look at it.")
    row.awaits_approval, row.approved_by = False, actor


def apply(row: Window, wish: WindowIn, *, now: datetime) -> None:
    """Take the wish over into the row; RuleError when its times cannot be."""
    is_new = row.starts_at is None
    status = None if is_new else row.status_at(now)
    if status in {WindowStatus.ENDED, WindowStatus.CANCELLED}:
        raise RuleError("status", f"This window is {status}; make a new one.")
    starts_at = wish.starts_at or (now if is_new else row.starts_at)
    if status is WindowStatus.ACTIVE and starts_at != row.starts_at:
        raise RuleError("startsAt", "A window that runs keeps its start.")
    if status is not WindowStatus.ACTIVE and starts_at < now - START_GRACE:
        raise RuleError("startsAt", "The start must be in the future.")
    check_span(starts_at, wish.ends_at, now=now)
    row.title, row.message, row.zone = wish.title, wish.message, wish.zone
    row.audiences = [audience.value for audience in dict.fromkeys(wish.audiences)]
    row.channels = [channel.value for channel in dict.fromkeys(wish.channels)]
    row.components = list(dict.fromkeys(wish.components))
    prepare(row, wish, row.components)
    row.starts_at, row.ends_at = starts_at, wish.ends_at
    if status is not WindowStatus.ACTIVE:
        row.first_ends_at = wish.ends_at


def local(moment: datetime, zone: str) -> datetime:
    """`moment` on the clocks of `zone`."""
    return moment.astimezone(ZoneInfo(zone))


def new_reference() -> str:
    """A short name that is easy to read out: `m-7k3fq2`."""
    return "m-" + "".join(secrets.choice(_ALPHABET) for _ in range(6))


def is_published() -> ColumnElement[bool]:
    """The condition that a window is neither called off nor still to be looked at."""
    return and_(Window.cancelled_at.is_(None), Window.awaits_approval.is_(False))


def find(session: Session, ref: str) -> Window | None:
    """By id or reference."""
    if ref.isascii() and ref.isdigit() and len(ref) < 10:
        return session.get(Window, int(ref))
    return session.scalar(select(Window).where(Window.reference == ref))


def page(session: Session, *, limit: int, offset: int) -> tuple[list[Window], int]:
    """A page, latest start first, and how many there are."""
    total = session.scalar(select(func.count()).select_from(Window)) or 0
    rows = session.scalars(
        select(Window).order_by(Window.starts_at.desc(), Window.id).limit(limit).offset(offset)
    )
    return list(rows), total


def running(session: Session, *, now: datetime) -> list[Window]:
    """Those that are active at `now`, the earliest end first."""
    rows = session.scalars(
        select(Window)
        .where(Window.starts_at <= now, Window.ends_at > now, is_published())
        .order_by(Window.ends_at)
    )
    return [row for row in rows if row.status_at(now) is WindowStatus.ACTIVE]


def overlapping(session: Session, row: Window) -> list[str]:
    """References of other windows that share some time with this one."""
    if row.ended_at is not None or row.cancelled_at is not None:
        return []
    others = session.scalars(
        select(Window.reference)
        .where(
            Window.id != row.id,
            Window.cancelled_at.is_(None),
            Window.starts_at < row.ends_at,
            Window.ends_at > row.starts_at,
            or_(Window.ended_at.is_(None), Window.ended_at > row.starts_at),
        )
        .order_by(Window.starts_at)
        .limit(20)
    )
    return list(others)
