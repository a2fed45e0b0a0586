"""A connection pool that knows who waits."""

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from portal import clock


class PoolClosedError(SQLAlchemyError):
    """Asked for a connection after the pool was closed for good."""


@dataclass(frozen=True)
class PoolFigures:
    """Connections open, free and in use, threads waiting for one, and the last event."""

    size: int
    available: int
    borrowed: int
    pending: int
    last_event_at: datetime | None


class CountingPool(QueuePool):
    """QueuePool has no count of waiters; this one counts threads inside `_do_get`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting = 0
        self._waiting_lock = threading.Lock()
        self._last_event_at: datetime | None = None
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """Whether it gives out nothing any more."""
        return self._is_closed

    def close(self) -> bool:
        """Give out nothing more and close what is free; True when nothing is left open."""
        self._is_closed = True
        if self.checkedout() == 0:
            self.dispose()
        return self.checkedin() + self.checkedout() == 0

    def _do_get(self) -> Any:
        if self._is_closed:
            raise PoolClosedError("the pool is closed, the portal is about to stop")
        # Only a get that finds every connection out can wait.
        must_wait = self.checkedin() == 0 and self.overflow() >= self._max_overflow
        if must_wait:
            with self._waiting_lock:
                self._waiting += 1
        try:
            return super()._do_get()
        finally:
            self._last_event_at = clock.now()
            if must_wait:
                with self._waiting_lock:
                    self._waiting -= 1

    def figures(self) -> PoolFigures:
        available, borrowed = self.checkedin(), self.checkedout()
        return PoolFigures(
            size=available + borrowed,
            available=available,
            borrowed=borrowed,
            pending=self._waiting,
            last_event_at=self._last_event_at,
        )
