"""What everyone may know of a monitor that is public: how it is, and its uptime of thirty days."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from portal.monitors import states, uptime
from portal.monitors.health import Health
from portal.monitors.monitor import Monitor
from portal.monitors.states import MonitorState
from portal.monitors.uptime import Planned, Stretch

UPTIME_DAYS = 30


@dataclass(frozen=True)
class PublicMonitor:
    """A monitor at an instant; `until` is how long that is known without a new look."""

    slug: str
    name: str
    component: str
    health: Health
    uptime: float | None
    until: datetime

    def at(self, now: datetime) -> "PublicMonitor":
        """The same at a later instant: what nobody confirms any more is not known."""
        return self if now < self.until else replace(self, health=Health.UNKNOWN)


def of(
    row: Monitor,
    state: MonitorState | None,
    spans: Iterable[Stretch],
    planned: Sequence[Planned],
    *,
    until: datetime,
    now: datetime,
) -> PublicMonitor:
    """Of a monitor, its spans and the maintenance of its component."""
    health = states.health_at(row, state, now=now)
    found = uptime.confirmed(spans, health, states.since_at(row, state, now=now))
    since = now - timedelta(days=UPTIME_DAYS)
    share = uptime.uptime(found, planned, since=since, now=now)
    return PublicMonitor(row.slug, row.name, row.component or "", health, share, until)
