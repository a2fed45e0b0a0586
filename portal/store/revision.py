"""The numbers that changes raise: one for what is public, one for the perimeter's blocks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal import clock
from portal.store import engine
from portal.store.base import Base
from portal.store.errors import UnknownOutcomeError

BOARD = 1
PERIMETER = 2


class Revision(Base):
    """One row each; made by the migrations."""

    __tablename__ = "revision"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]


def current(session: Session, which: int = BOARD) -> int:
    """The revision now."""
    return session.scalar(select(Revision.number).where(Revision.id == which)) or 0


def advance(session: Session, which: int = BOARD) -> None:
    """Raise the revision in the caller's transaction."""
    session.execute(update(Revision).where(Revision.id == which).values(number=Revision.number + 1))


@contextmanager
def transaction(open_session: Callable[[], Session]) -> Iterator[tuple[Session, datetime]]:
    """One write transaction; gives the session and its instant."""
    with open_session() as session:
        session.expire_on_commit = False
        engine.begin_write(session)
        yield session, clock.now()
        try:
            session.commit()
        except DBAPIError as error:
            if error.connection_invalidated:
                raise UnknownOutcomeError("the connection broke at the commit") from error
            raise


@contextmanager
def change(
    open_session: Callable[[], Session], which: int = BOARD
) -> Iterator[tuple[Session, datetime]]:
    """One write transaction that raises a revision; gives the session and its instant."""
    with transaction(open_session) as (session, now):
        yield session, now
        advance(session, which)


class Writer:
    """The base of whatever writes what the public or the perimeter sees.

    Opens a session of its own an act; `on_change` is called after a commit.
    """

    revision = BOARD

    def __init__(self, open_session: Callable[[], Session], on_change: Callable[[], None]) -> None:
        self.open_session = open_session
        self._on_change = on_change

    @contextmanager
    def _change(self) -> Iterator[tuple[Session, datetime]]:
        with change(self.open_session, self.revision) as (session, now):
            yield session, now
        self._on_change()
