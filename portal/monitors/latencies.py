"""How fast components answer, for everyone: read once a minute at most, whoever asks how often."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal import clock
from portal.monitors import charts, states, uptime
from portal.monitors.charts import Period
from portal.monitors.figures import Figure
from portal.monitors.health import Health
from portal.monitors.monitor import Kind, Monitor
from portal.monitors.states import MonitorState
from portal.monitors.uptime import Planned, Stretch
from portal.status import windows

_log = structlog.get_logger()
KEPT_SECONDS = 60.0
MOST_KEPT = 500


@dataclass(frozen=True)
class Latency:
    """The response times of a component as they were at an instant."""

    at: datetime
    figures: list[tuple[datetime, Figure]]
    stretches: list[Stretch]
    planned: list[Planned]


class Latencies:
    """Keeps what was read; without a database the last of it."""

    def __init__(self, open_session: Callable[[], Session]) -> None:
        self._open_session = open_session
        self._kept: dict[tuple[str, Period], tuple[float, Latency | None]] = {}

    def of(self, component: str, period: Period) -> Latency | None:
        """Of the component's first monitor that may show it; None where there is none."""
        key, now = (component, period), clock.boot_seconds()
        known = self._kept.get(key)
        if known is not None and now - known[0] < KEPT_SECONDS:
            return known[1]
        try:
            found = self._read(component, period)
        except SQLAlchemyError as error:
            _log.warning("monitors.database_unreachable", error=type(error).__name__)
            found = known[1] if known is not None else None
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[key] = (now, found)
        return found

    def _read(self, component: str, period: Period) -> Latency | None:
        now = clock.now()
        since = now - period.length
        query = (
            select(Monitor)
            .where(
                Monitor.component == component,
                Monitor.shows_latency.is_(True),
                Monitor.kind != Kind.HEARTBEAT,
            )
            .order_by(Monitor.id)
            .limit(1)
        )
        with self._open_session() as session:
            row = session.scalar(query)
            if row is None:
                return None
            drawn = charts.of_monitors(session, [row.id], period, now=now).get(row.id, [])
            state = session.get(MonitorState, row.id)
            health = states.health_at(row, state, now=now)
            spans = states.spans(session, [row.id], since=since)
            planned = [
                Planned(one.starts_at, one.ended_at or one.ends_at)
                for one in windows.between(session, since, now)
                if component in one.components
            ]
            found = [Stretch(Health(one.health), one.began_at, one.ended_at) for one in spans]
            found = uptime.confirmed(found, health, states.since_at(row, state, now=now))
        return Latency(now, drawn, found, planned)
