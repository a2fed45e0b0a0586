"""Seeing the database go and come back, for the audit log.

One process of a node watches.
"""

from collections.abc import Callable

from sqlalchemy import text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from portal import clock
from portal.lifecycle.drain import Append

EVERY_SECONDS = 5.0


class Watch:
    """Two states and what is recorded between them; the loss goes to the spool by nature."""

    def __init__(self, is_reachable: Callable[[], bool], append: Append) -> None:
        self._is_reachable = is_reachable
        self._append = append
        self.is_up: bool | None = None
        self._lost_at = 0.0

    def check(self) -> None:
        """Check once; records a change."""
        is_up, before = self._is_reachable(), self.is_up
        if is_up == before:
            return
        self.is_up = is_up
        boot = clock.boot_seconds()
        if not is_up:
            self._lost_at = boot
            self._append("database.connection.lost", was_up=before is not None)
            return
        gap = boot - self._lost_at if before is not None else 0.0
        self._append("database.connection.established", gap_seconds=round(gap, 1))


def reaches(engine: Engine) -> Callable[[], bool]:
    """Whether a connection can be had and answers; every wait in it is bounded."""

    def is_reachable() -> bool:
        try:
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return False
        return True

    return is_reachable
