"""Monitors of the portal with ninety days behind it."""

import random
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from portal.monitors import figures
from portal.monitors.figures import Figure
from portal.monitors.heartbeats import Heartbeat
from portal.monitors.monitor import Monitor
from portal.monitors.states import MonitorSpan, MonitorState

MONITORS = 60


def add_monitors(session: Session, now: datetime) -> None:
    """Looked at for a month, with a day of figures; of no component."""
    chance = random.Random(3)
    for number in range(MONITORS):
        row = Monitor(
            slug=f"monitor-{number:02}",
            name=f"Monitor {number}",
            kind="heartbeat" if number % 10 == 9 else "tcp",
            component=None,
            interval_seconds=60,
            timeout_seconds=10,
            down_count=2,
            down_of=3,
            up_after=1,
            depends_on=[],
            nodes="any",
            quorum=None,
            is_inverted=False,
            is_paused=number % 20 == 19,
            is_free=True,
            shows_latency=False,
            impact="major_outage",
            latency_limit_ms=None,
            certificate_days=14,
            config={"host": "host.example", "port": 1}
            if number % 10 != 9
            else {"periodSeconds": 3600},
            credentials=None,
            created_at=now - timedelta(days=30),
            updated_at=now - timedelta(days=30),
            version=1,
        )
        session.add(row)
        session.flush()
        health = ("up", "down", "degraded", "unknown")[number % 4]
        since = now - timedelta(hours=number)
        session.add(
            MonitorState(
                monitor_id=row.id,
                health=health,
                since=since,
                detail="Connected",
                looked_at=now - timedelta(seconds=20),
                duration_ms=80.0,
                answer="Connected",
                blind=[],
            )
        )
        began = now - timedelta(days=30)
        for word, begin, end in (("up", began, since), (health, since, None)):
            span = MonitorSpan(monitor_id=row.id, health=word, began_at=begin, ended_at=end)
            span.detail = "Connected"
            session.add(span)
        if row.is_heartbeat:
            session.add(Heartbeat(monitor_id=row.id, token=f"token-{number}", pings=0))
        some = {n: Figure(5, 0, chance.uniform(50, 90), 120.0, 150.0) for n in range(100)}
        figures.put(session, {row.id: some}, seconds=figures.FINE, day=now.date())
