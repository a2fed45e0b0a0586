"""What comes in at the address of a heartbeat: it began, it is done, it failed."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from portal import clock
from portal.errors import found
from portal.monitors import heartbeats
from portal.monitors.health import Outcome
from portal.monitors.monitor import Monitor
from portal.monitors.results import MonitorResult, in_ms
from portal.store import engine
from portal.store.errors import retried

# No node looked: it was called.
CALLED = 0


@dataclass(frozen=True)
class Ping:
    """One call: it began, or it ended with an exit code."""

    is_start: bool = False
    exit_code: int = 0


class Pings:
    """Takes pings; the portal worker judges what follows."""

    def __init__(self, open_session: Callable[[], Session]) -> None:
        self._open_session = open_session

    @retried
    def take(self, token: str, ping: Ping) -> bool:
        """Note a call; NotFoundError for an address that is none, False while it is paused."""
        now = clock.now()
        with self._open_session() as session:
            # Whoever guesses addresses takes no lock.
            found(heartbeats.by_token(session, token))
            session.rollback()
            engine.begin_write(session)
            row = found(heartbeats.by_token(session, token, locked=True))
            monitor = session.get(Monitor, row.monitor_id)
            if monitor is None or monitor.is_paused:
                return False
            row.pings += 1
            if ping.is_start:
                row.started_at = now
                session.commit()
                return True
            began = row.started_at
            is_run = began is not None and (row.pinged_at is None or began > row.pinged_at)
            row.took_ms = (now - began).total_seconds() * 1000 if began and is_run else None
            row.pinged_at, row.exit_code = now, ping.exit_code
            took = None if row.took_ms is None else min(round(row.took_ms * 1000), 2**31 - 1)
            at = in_ms(now)
            # Two calls within a millisecond are two calls.
            while session.get(MonitorResult, (row.monitor_id, at, CALLED)) is not None:
                at += 1
            session.add(
                MonitorResult(
                    monitor_id=row.monitor_id,
                    at=at,
                    node_id=CALLED,
                    outcome=Outcome.DOWN if ping.exit_code else Outcome.UP,
                    microseconds=took,
                )
            )
            session.commit()
        return True
