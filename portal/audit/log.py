"""The audit log for what is not a change of the database: into the log, or else into the spool."""

from collections.abc import Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal import clock
from portal.audit import chain
from portal.audit.spool import Spool
from portal.store import engine
from portal.store.errors import retried

_log = structlog.get_logger()


class UnrecordedError(Exception):
    """Neither the database nor the spool could take an event; what it stands for is not done."""


class AuditLog:
    """Writes events in transactions of their own; what waits in the spool goes first."""

    def __init__(self, open_session: Callable[[], Session], spool: Spool) -> None:
        self._open_session = open_session
        self.spool = spool

    def append(self, event_type: str, *, actor: str, **detail: object) -> None:
        """Append one event now; UnrecordedError when nothing can take it."""
        try:
            try:
                self.take_in()
            except OSError as error:
                _log.error("audit.spool_unreadable", error=error.strerror)
            self._store(event_type, actor, detail)
        except SQLAlchemyError as error:
            _log.warning("audit.spooled", type=event_type, error=type(error).__name__)
            try:
                self.spool.append(event_type, actor=actor, at=clock.now(), **detail)
            except OSError as failed:
                raise UnrecordedError(
                    f"Neither the database ({type(error).__name__}) nor the spool"
                    f" ({failed.strerror}) can take the event {event_type}."
                ) from failed

    def take_in(self) -> int:
        """Bring what waits into the log; 0 at once when nothing does."""
        if self.spool.is_empty:
            return 0
        with self._open_session() as session:
            engine.begin_write(session)
            taken = self.spool.take_in(session, actor="portal", now=clock.now())
        if taken:
            _log.info("audit.spool_taken_in", events=taken)
        return taken

    @retried
    def _store(self, event_type: str, actor: str, detail: dict[str, object]) -> None:
        with self._open_session() as session:
            engine.begin_write(session)
            chain.append(session, event_type, actor=actor, at=clock.now(), **detail)
            session.commit()
