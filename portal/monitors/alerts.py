"""A monitor's alert: an episode beside those of the runtime, on the component that it is of.

It opens with the evidence, ends with the first look that finds it well again, and stays while
nobody can look. In a planned maintenance of its component none is opened.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit import chain
from portal.monitors.health import Health
from portal.monitors.monitor import Monitor
from portal.runtime import episodes
from portal.runtime.alerts import MONITOR_DEGRADED as DEGRADED
from portal.runtime.alerts import MONITOR_DOWN as DOWN
from portal.runtime.episode import Episode, Source
from portal.status.components import State
from portal.store import revision

_ALERT = {Health.DOWN: DOWN, Health.DEGRADED: DEGRADED}
# Open episodes by alert and slug.
Opened = dict[tuple[str, str], Episode]


def open_ones(session: Session) -> Opened:
    """The open episodes of monitors, by alert and slug."""
    rows = session.scalars(
        select(Episode).where(Episode.source == Source.MONITOR, Episode.closed_at.is_(None))
    )
    return {(row.alert, row.subject): row for row in rows}


def follow(
    session: Session,
    monitor: Monitor,
    health: Health,
    opened: Opened,
    *,
    since: datetime,
    detail: str,
    is_planned: bool,
    now: datetime,
) -> bool:
    """Open and close what follows from what a monitor is; whether anything public changed."""
    if health is Health.UNKNOWN:
        return False
    wanted = _ALERT.get(health)
    changed: list[Episode] = []
    for alert in (DOWN, DEGRADED):
        row = opened.get((alert, monitor.slug))
        if row is not None and alert != wanted:
            changed.append(_close(session, row, max(row.opened_at, since), now))
        elif row is None and alert == wanted and not is_planned:
            changed.append(_open(session, monitor, alert, since, detail, now))
        elif row is not None:
            row.seen_at = now
    return _publish(session, changed)


def close_all(session: Session, monitor: Monitor, *, now: datetime) -> bool:
    """End the alerts of a monitor that is looked at no more."""
    changed = [
        _close(session, row, now, now)
        for alert in (DOWN, DEGRADED)
        if (row := episodes.open_one(session, alert, monitor.slug)) is not None
    ]
    return _publish(session, changed)


def _publish(session: Session, changed: list[Episode]) -> bool:
    if not changed or not episodes.is_public(session, *changed):
        return False
    revision.advance(session)
    return True


def _open(
    session: Session, monitor: Monitor, alert: str, since: datetime, detail: str, now: datetime
) -> Episode:
    state = State.DEGRADED.value if alert == DEGRADED else monitor.impact
    labels: dict[str, Any] = {"monitor": monitor.name, "text": detail, "state": state}
    if monitor.component:
        labels["component"] = monitor.component
    row = Episode.begun(
        alert=alert,
        subject=monitor.slug,
        title=f"{monitor.name} is {'down' if alert == DOWN else 'degraded'}"[:120],
        severity="critical" if alert == DOWN else "warning",
        since=since,
        unit="monitors",
        labels=labels,
        source=Source.MONITOR,
        now=now,
    )
    session.add(row)
    session.flush()
    chain.append(
        session,
        "monitoring.episode.opened",
        actor=episodes.ACTOR,
        at=now,
        alert=row.alert,
        value=row.value,
        threshold=row.threshold,
        labels=dict(labels, monitor=monitor.slug),
    )
    return row


def _close(session: Session, row: Episode, ended: datetime, now: datetime) -> Episode:
    row.closed_at = ended
    chain.append(
        session,
        "monitoring.episode.closed",
        actor=episodes.ACTOR,
        at=now,
        alert=row.alert,
        seconds=int((ended - row.opened_at).total_seconds()),
        labels=dict(row.labels, monitor=row.subject),
    )
    return row
