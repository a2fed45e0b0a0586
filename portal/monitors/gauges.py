"""What the metrics feed says of monitors: a few gauges each, from the last state that was read."""

from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal import clock
from portal.monitors import states
from portal.monitors.health import Health
from portal.monitors.monitor import Monitor
from portal.monitors.states import MonitorState
from portal.runtime.feed import MonitorFigures

_log = structlog.get_logger()
Rows = list[tuple[Monitor, MonitorState | None]]
# So often at most, and so often while there is none.
EVERY_SECONDS = 5.0
EVERY_SECONDS_WITHOUT = 30.0


class Gauges:
    """Keeps the states for scrapes; without a database the last ones, which grow old.

    Where something else calls `refresh`, `is_supervised`, a scrape waits for no database.
    """

    def __init__(self, open_session: Callable[[], Session]) -> None:
        self._open_session = open_session
        self._rows: Rows = []
        self._read_at = float("-inf")
        self.is_supervised = False

    def __call__(self) -> list[MonitorFigures]:
        """Every monitor that is not paused, by slug."""
        if not self.is_supervised:
            self.read()
        moment = clock.now()
        return [_figures(row, state, moment) for row, state in self._rows]

    def refresh(self) -> None:
        """Read the states, unless that was done a moment ago."""
        every = EVERY_SECONDS if self._rows else EVERY_SECONDS_WITHOUT
        if clock.boot_seconds() - self._read_at >= every:
            self._read_at = clock.boot_seconds()
            self.read()

    def read(self) -> None:
        """Read the states; what cannot be read leaves the last ones."""
        query = (
            select(Monitor, MonitorState)
            .outerjoin(MonitorState, MonitorState.monitor_id == Monitor.id)
            .where(Monitor.is_paused.is_(False))
            .order_by(Monitor.slug)
        )
        try:
            with self._open_session() as session:
                rows: Rows = [(one[0], one[1]) for one in session.execute(query)]
                session.expunge_all()
        except SQLAlchemyError as error:
            _log.warning("monitors.database_unreachable", error=type(error).__name__)
            return
        self._rows = rows


def _figures(row: Monitor, state: MonitorState | None, now: datetime) -> MonitorFigures:
    health = states.health_at(row, state, now=now)
    has_run = state is not None and state.looked_at is not None
    took = state.duration_ms if state is not None and has_run else None
    ends = state.certificate_expires_at if state is not None else None
    return MonitorFigures(
        slug=row.slug,
        is_up=None if health is Health.UNKNOWN else health is not Health.DOWN,
        seconds=None if took is None else took / 1000,
        certificate_ends=ends.timestamp() if ends else None,
        last_run=state.looked_at.timestamp() if state is not None and state.looked_at else None,
    )
