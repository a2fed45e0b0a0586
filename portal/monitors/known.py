"""Whether the state of a component is known: green is only what somebody measured."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from portal.monitors import public_views, states
from portal.monitors.health import Health
from portal.monitors.monitor import Monitor
from portal.monitors.public_views import PublicMonitor
from portal.monitors.states import MonitorSpan, MonitorState
from portal.monitors.uptime import Planned, Stretch

_DAY = timedelta(days=1)
# The portal worker says within seconds that nothing is known any more. So much later the page says
# it by itself, for a worker that is not there; it need not be made anew at every look for that.
SLACK = timedelta(minutes=3)


@dataclass(frozen=True)
class Knowledge:
    """Until when a component's state is known without a new look, and the days of which nothing is.

    `first` is the day from which on anything is known, None while nothing is. `has_latency` says
    that its public page may show how fast it answers.
    """

    until: datetime
    blank: frozenset[date]
    first: date | None = None
    has_latency: bool = False


class Known(NamedTuple):
    """What monitors know: of components by their slugs, and what everyone may know of monitors."""

    components: dict[str, Knowledge]
    monitors: tuple[PublicMonitor, ...]


NOTHING = Known({}, ())


def is_any() -> Any:
    """Whether a component has a monitor, as a part of another query."""
    return exists(select(Monitor.id).where(_OF_COMPONENT)).select().scalar_subquery()


_OF_COMPONENT = Monitor.component.is_not(None)


def read(
    session: Session, planned: Mapping[str, Sequence[Planned]], *, since: datetime, now: datetime
) -> Known:
    """Of components with a monitor that is not paused; `planned` are windows by component."""
    query = (
        select(Monitor, MonitorState)
        .outerjoin(MonitorState, MonitorState.monitor_id == Monitor.id)
        .where(_OF_COMPONENT)
        .order_by(Monitor.id)
    )
    rows = session.execute(query).all()
    if not rows:
        return NOTHING
    lines = _spans(session, [row.id for row, _ in rows], since)
    found: dict[str, list[tuple[Monitor, MonitorState | None]]] = {}
    for row, state in rows:
        if not row.is_paused:
            found.setdefault(row.component or "", []).append((row, state))
    components = {
        slug: _of_component(some, lines, since=since, now=now) for slug, some in found.items()
    }
    monitors = tuple(
        public_views.of(
            row,
            state,
            lines.get(row.id, []),
            planned.get(row.component or "", ()),
            until=_until(row, state, now),
            now=now,
        )
        for row, state in rows
        if row.shows_latency
    )
    return Known(components, monitors)


def _of_component(
    some: list[tuple[Monitor, MonitorState | None]],
    lines: Mapping[int, Sequence[Stretch]],
    *,
    since: datetime,
    now: datetime,
) -> Knowledge:
    stretches = [lines.get(row.id, []) for row, _ in some]
    begins = [
        one.began_at for line in stretches for one in line if one.health is not Health.UNKNOWN
    ]
    return Knowledge(
        until=max(_until(row, state, now) for row, state in some),
        blank=blank_days(stretches, since=since, now=now),
        first=min(begins).date() if begins else None,
        has_latency=any(row.shows_latency and not row.is_heartbeat for row, _ in some),
    )


def _until(row: Monitor, state: MonitorState | None, now: datetime) -> datetime:
    health = states.health_at(row, state, now=now)
    if state is None or state.looked_at is None or health is Health.UNKNOWN:
        return min(now, state.since) if state is not None else row.created_at
    return state.looked_at + states.patience(row) + SLACK


def _spans(session: Session, ids: Iterable[int], since: datetime) -> dict[int, list[Stretch]]:
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
    found: dict[int, list[Stretch]] = {}
    for monitor_id, health, began_at, ended_at in session.execute(query):
        found.setdefault(monitor_id, []).append(Stretch(Health(health), began_at, ended_at))
    return found


def blank_days(
    lines: Sequence[Sequence[Stretch]], *, since: datetime, now: datetime
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
