"""Heartbeats: monitors that wait to be called, and what follows when nobody calls.

A heartbeat is due a period after its last ping, or at the next instant of its cron schedule. It is
down when the grace has passed as well, or at once when the caller says that it failed.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.monitors.health import Health
from portal.store.base import Base


class Heartbeat(Base):
    """The address of a heartbeat, and what came in there last."""

    __tablename__ = "heartbeat"

    monitor_id: Mapped[int] = mapped_column(
        ForeignKey("monitor.id", ondelete="CASCADE"), primary_key=True
    )
    token: Mapped[str] = mapped_column(String(40), unique=True)
    pinged_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    exit_code: Mapped[int | None]
    took_ms: Mapped[float | None]
    # Counts what comes in, so that the portal worker sees what it has not judged yet.
    pings: Mapped[int]


def new_token() -> str:
    return secrets.token_urlsafe(24)


def by_token(session: Session, token: str, *, locked: bool = False) -> Heartbeat | None:
    query = select(Heartbeat).where(Heartbeat.token == token)
    return session.scalar(query.with_for_update() if locked else query)


@dataclass(frozen=True)
class Beat:
    """What is expected of a heartbeat, and what came in.

    `blind` are times in which the portal could not hear, the earliest first.
    """

    grace: timedelta
    period: timedelta | None = None
    schedule: str = ""
    zone: str = "UTC"
    created_at: datetime | None = None
    pinged_at: datetime | None = None
    started_at: datetime | None = None
    exit_code: int | None = None
    blind: tuple["Blind", ...] = ()


class Blind(NamedTuple):
    """A time in which nobody listened."""

    began_at: datetime
    ended_at: datetime

    def meets(self, begin: datetime, end: datetime) -> bool:
        return self.began_at < end and self.ended_at > begin


class Verdict(NamedTuple):
    """What a heartbeat is, since when, why, and when that changes if nothing comes in."""

    health: Health
    since: datetime
    detail: str
    until: datetime | None


def due_after(beat: Beat, moment: datetime) -> datetime:
    """When the next ping is due after one that came at `moment`."""
    if beat.period is not None:
        return moment + beat.period
    # Loaded where a schedule is used.
    from cronsim import CronSim

    local = moment.astimezone(ZoneInfo(beat.zone))
    found: datetime = next(CronSim(beat.schedule, local))
    return found.astimezone(moment.tzinfo)


def _joined(blind: tuple[Blind, ...]) -> list[Blind]:
    """Times that touch or overlap as one: nobody listened from the first to the last of them."""
    found: list[Blind] = []
    for one in blind:
        if found and one.began_at <= found[-1].ended_at:
            found[-1] = Blind(found[-1].began_at, max(found[-1].ended_at, one.ended_at))
        else:
            found.append(one)
    return found


def judge(beat: Beat, *, now: datetime) -> Verdict | None:
    """What a heartbeat is at an instant; None before anything came in."""
    started = beat.started_at
    if started is not None and (beat.pinged_at is None or started > beat.pinged_at):
        late = started + beat.grace
        if late <= now and not any(one.meets(started, late) for one in beat.blind):
            return Verdict(Health.DOWN, late, "Started, and did not finish in time", None)
    if beat.pinged_at is None:
        return None
    if beat.exit_code:
        said = f"Failed with exit code {beat.exit_code}"
        return Verdict(Health.DOWN, beat.pinged_at, said, None)
    due = due_after(beat, beat.pinged_at)
    first = due + beat.grace
    # From when to when one may come in: the next after the last that is known, and those after
    # each that may have come in while nobody listened.
    expected = [(due - beat.grace, first)]
    for gap in _joined(beat.blind):
        met = [begin for begin, end in expected if gap.meets(begin, end)]
        if met:
            begin = due_after(beat, max(gap.began_at, min(met))) - beat.grace
            expected.append((begin, due_after(beat, gap.ended_at) + beat.grace))
    deadline = max(end for _, end in expected)
    if now < first:
        return Verdict(Health.UP, beat.pinged_at, "Came in", first)
    if now < deadline:
        return Verdict(Health.UNKNOWN, first, "Nobody listened when it was due", deadline)
    return Verdict(Health.DOWN, deadline, "Did not come in", None)
