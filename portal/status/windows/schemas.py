"""Windows as API, forms and CLI send them, and as they are answered."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints
from sqlalchemy.orm import Session

from portal.errors import RuleError
from portal.schemas import Before, Camel, Instant
from portal.status import freezes
from portal.status.components import Slug
from portal.status.freezes import Freeze
from portal.status.terms import (
    START_GRACE,
    Audience,
    Audiences,
    Channel,
    Channels,
    Message,
    Title,
    check_start_and_end,
    values,
)
from portal.status.translations import Shown, Translations, stored
from portal.status.windows import queries
from portal.status.windows.window import Preparation, Window, WindowStatus
from portal.status.windows.zone_names import zones


class Action(StrEnum):
    """What can be done to a window."""

    START = "start"
    EXTEND = "extend"
    END = "end"
    CANCEL = "cancel"
    APPROVE = "approve"


def _zone(name: str) -> str:
    found = zones().get(name.casefold())
    if found is None:
        raise ValueError("is not a time zone. Use a name such as Europe/Berlin or UTC")
    return found


# What may be left of a component in a window.
Effect = Literal["degraded_performance", "partial_outage", "major_outage"]
ZoneName = Annotated[str, AfterValidator(_zone)]


class PlanIn(Camel):
    """What windows and series have in common: what is told, and what operators think of before.

    `effects` says of components what is left of them, where that is more than nothing.
    """

    title: Title
    message: Message = ""
    translations: Translations = None
    zone: ZoneName = "UTC"
    audiences: Audiences = [Audience.PUBLIC]
    channels: Channels = [Channel.WEB, Channel.EMAIL, Channel.API]
    components: list[Slug] = Field(default=[], max_length=100)
    owner: Annotated[str, StringConstraints(max_length=120, pattern=r"^[^\x00]*$")] = ""
    impact: Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")] = ""
    rollback_plan: Message = ""
    effects: dict[Slug, Effect] = Field(default={}, max_length=100)

    def prepare(self, row: Preparation, components: list[str]) -> None:
        """Put the preparation into a row; RuleError for an effect on what is not touched."""
        for slug in self.effects:
            if slug not in components:
                raise RuleError("effects", f"{slug} is not one of the components of this window.")
        row.owner, row.impact = self.owner, self.impact
        row.rollback_plan, row.effects = self.rollback_plan, dict(self.effects)


class WindowIn(PlanIn):
    """A window as API, forms and CLI send it; without a start it begins now."""

    starts_at: Instant | None = None
    ends_at: Instant

    def apply(self, row: Window, *, now: datetime) -> None:
        """Put the content into a row; RuleError when its times cannot be."""
        is_new = row.starts_at is None
        status = None if is_new else row.status_at(now)
        if status in {WindowStatus.ENDED, WindowStatus.CANCELLED}:
            raise RuleError(
                "status", f"{status.capitalize()} windows cannot be edited. Create a new one."
            )
        starts_at = self.starts_at or (now if is_new else row.starts_at)
        if status is WindowStatus.ACTIVE and starts_at != row.starts_at:
            raise RuleError("startsAt", "The start of an active window cannot be changed.")
        if status is not WindowStatus.ACTIVE and starts_at < now - START_GRACE:
            raise RuleError("startsAt", "The start must be in the future.")
        check_start_and_end(starts_at, self.ends_at, now=now)
        row.title, row.message, row.zone = self.title, self.message, self.zone
        row.translations = stored(self.translations, row.translations)
        row.audiences, row.channels = values(self.audiences), values(self.channels)
        row.components = list(dict.fromkeys(self.components))
        self.prepare(row, row.components)
        row.starts_at, row.ends_at = starts_at, self.ends_at
        if status is not WindowStatus.ACTIVE:
            row.first_ends_at = self.ends_at


class WindowTimes(Before):
    """What acts change of a window."""

    starts_at: datetime
    ends_at: datetime
    first_ends_at: datetime
    ended_at: datetime | None
    cancelled_at: datetime | None


class WindowAct(Camel):
    """`duration` goes with extend."""

    action: Action
    duration: Annotated[str, Field(max_length=40)] | None = None


class WindowOut(Camel):
    """A window as the admin API answers it; `overlaps` and `freezes` are warnings."""

    id: int
    reference: str
    title: str
    message: str
    translations: Shown
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


def out(row: Window, *, now: datetime, **warnings: list[str]) -> WindowOut:
    """The row as the API shows it at `now`; `warnings` are its overlaps and freezes."""
    derived: dict[str, Any] = {"overlaps": [], "freezes": []} | warnings
    return WindowOut.of(row, status=row.status_at(now), **derived)


def warned(session: Session, row: Window, *, now: datetime) -> WindowOut:
    """The same with what it overlaps and which freezes it touches."""
    return all_warned(session, [row], now=now)[0]


def all_warned(
    session: Session, rows: list[Window], *, now: datetime, known: list[Freeze] | None = None
) -> list[WindowOut]:
    """Several with their warnings, by two queries however many they are.

    `known` are the freezes from the first of the windows on, where they have been read.
    """
    overlaps = queries.overlaps(session, rows, now=now)
    if known is None:
        first = min((row.starts_at for row in rows), default=now)
        known = freezes.after(session, first)
    return [
        out(
            row,
            now=now,
            overlaps=overlaps.get(row.id, []),
            freezes=freezes.titles(known, row.starts_at, row.ends_at),
        )
        for row in rows
    ]


def local(moment: datetime, zone: str) -> datetime:
    """`moment` on the clocks of `zone`."""
    return moment.astimezone(ZoneInfo(zone))
