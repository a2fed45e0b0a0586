"""What the metrics feed says of monitors: a few gauges each, from the last state that was read."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal import clock
from portal.monitors import states
from portal.monitors.health import Health
from portal.monitors.judging import Rule
from portal.monitors.monitor import Monitor
from portal.monitors.states import MonitorState
from portal.runtime.feed import MonitorFigures

_log = structlog.get_logger()
# So often at most, and so often while there is none.
EVERY_SECONDS = 10.0
EVERY_SECONDS_WITHOUT = 30.0


class Gauges:
    """Keeps the states for scrapes; without a database the last ones, which grow old.

    Where something else calls `refresh`, `is_supervised`, a scrape waits for no database.
    """

    def __init__(self, open_session: Callable[[], Session]) -> None:
        self._open_session = open_session
        self._rows: list[tuple[Any, ...]] = []
        self._read_at = float("-inf")
        self.is_supervised = False

    def __call__(self) -> list[MonitorFigures]:
        """Every monitor that is not paused, by slug."""
        if not self.is_supervised:
            self.read()
        now = clock.now()
        return [_figures(*row, now=now) for row in self._rows]

    def refresh(self) -> None:
        """Read the states, unless that was done a moment ago."""
        every = EVERY_SECONDS if self._rows else EVERY_SECONDS_WITHOUT
        if clock.boot_seconds() - self._read_at >= every:
            self._read_at = clock.boot_seconds()
            self.read()

    def read(self) -> None:
        """Read the states; what cannot be read leaves the last ones.

        Columns alone: a web process has other things to do than to make a thousand objects.
        """
        query = (
            select(
                Monitor.slug,
                Monitor.kind,
                Monitor.interval_seconds,
                Monitor.timeout_seconds,
                MonitorState.health,
                MonitorState.looked_at,
                MonitorState.duration_ms,
                MonitorState.certificate_expires_at,
            )
            .join(MonitorState, MonitorState.monitor_id == Monitor.id)
            .where(Monitor.is_paused.is_(False))
            .order_by(Monitor.slug)
        )
        try:
            with self._open_session() as session:
                self._rows = [tuple(row) for row in session.execute(query)]
        except SQLAlchemyError as error:
            _log.warning("monitors.database_unreachable", error=type(error).__name__)


def _figures(
    slug: str,
    kind: str,
    interval_seconds: int,
    timeout_seconds: int,
    health: str,
    looked_at: datetime | None,
    duration_ms: float | None,
    certificate_expires_at: datetime | None,
    *,
    now: datetime,
) -> MonitorFigures:
    patience = states.patience_of(kind, Rule(interval_seconds, timeout_seconds))
    is_known = looked_at is not None and abs(now - looked_at) <= patience
    return MonitorFigures(
        slug=slug,
        is_up=health != Health.DOWN if is_known and health != Health.UNKNOWN else None,
        seconds=None if duration_ms is None else duration_ms / 1000,
        certificate_ends=certificate_expires_at.timestamp() if certificate_expires_at else None,
        last_run=looked_at.timestamp() if looked_at is not None else None,
    )
