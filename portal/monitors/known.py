"""Whether the state of a component is known: green is only what somebody measured."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from portal.monitors import states
from portal.monitors.health import Health
from portal.monitors.monitor import Monitor
from portal.monitors.states import MonitorSpan, MonitorState

_DAY = timedelta(days=1)
# The portal worker says within seconds that nothing is known any more. So much later the page says
# it by itself, for a worker that is not there; it need not be made anew at every look for that.
SLACK = timedelta(minutes=3)


@dataclass(frozen=True)
class Knowledge:
    """Until when a component's state is known without a new look, and the days of which nothing is.

    `latency` says that its public page may show how fast it answers.
    """

    until: datetime
    blank: frozenset[date]
    has_latency: bool = False


def is_any() -> Any:
    """Whether a monitor looks after a component, as a part of another query."""
    return exists(select(Monitor.id).where(*_LOOKS_AFTER)).select().scalar_subquery()


_LOOKS_AFTER = (Monitor.component.is_not(None), Monitor.is_paused.is_(False))


def of_components(session: Session, *, since: datetime, now: datetime) -> dict[str, Knowledge]:
    """By component, of those that have a monitor that is not paused."""
    query = (
        select(Monitor, MonitorState)
        .outerjoin(MonitorState, MonitorState.monitor_id == Monitor.id)
        .where(*_LOOKS_AFTER)
    )
    rows = session.execute(query).all()
    if not rows:
        return {}
    lines = _spans(session, [row.id for row, _ in rows], since)
    found: dict[str, list[tuple[Monitor, MonitorState | None]]] = {}
    for row, state in rows:
        found.setdefault(row.component or "", []).append((row, state))
    return {
        slug: Knowledge(
            max(_until(row, state, now) for row, state in some),
            blank_days([lines.get(row.id, []) for row, _ in some], since=since, now=now),
            any(row.shows_latency and not row.is_heartbeat for row, _ in some),
        )
        for slug, some in found.items()
    }


def _until(row: Monitor, state: MonitorState | None, now: datetime) -> datetime:
    health = states.health_at(row, state, now=now)
    if state is None or state.looked_at is None or health is Health.UNKNOWN:
        return min(now, state.since) if state is not None else row.created_at
    return state.looked_at + states.patience(row) + SLACK


def _spans(
    session: Session, ids: Iterable[int], since: datetime
) -> dict[int, list[tuple[Health, datetime, datetime | None]]]:
    query = (
        select(
            MonitorSpan.monitor_id, MonitorSpan.health, MonitorSpan.began_at, MonitorSpan.ended_at
        )
        .where(
            MonitorSpan.monitor_id.in_(list(ids)),
            or_(MonitorSpan.ended_at.is_(None), MonitorSpan.ended_at > since),
        )
        .order_by(MonitorSpan.began_at)
    )
    found: dict[int, list[tuple[Health, datetime, datetime | None]]] = {}
    for monitor_id, health, began_at, ended_at in session.execute(query):
        found.setdefault(monitor_id, []).append((Health(health), began_at, ended_at))
    return found


def blank_days(
    lines: Sequence[Sequence[tuple[Health, datetime, datetime | None]]],
    *,
    since: datetime,
    now: datetime,
) -> frozenset[date]:
    """The whole days, from the first look on, in which no monitor knew anything."""
    known = [
        (begin, end or now)
        for line in lines
        for health, begin, end in line
        if health is not Health.UNKNOWN
    ]
    first = min((begin for begin, _ in known), default=now)
    found, day = set(), max(since, first)
    day = day.replace(hour=0, minute=0, second=0, microsecond=0)
    while day + _DAY <= now:
        if not any(begin < day + _DAY and end > day for begin, end in known):
            found.add(day.date())
        day += _DAY
    return frozenset(found)
