"""The numbers that changes raise: for what is public, for the perimeter's blocks, for monitors."""

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
MONITORS = 3


class Revision(Base):
    """One row each; made by the migrations."""

    __tablename__ = "revision"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]


def current(session: Session, which: int = BOARD) -> int:
    """The revision now."""
    return session.scalar(select(Revision.number).where(Revision.id == which)) or 0


def all_of(open_session: Callable[[], Session]) -> dict[int, int]:
    """The revisions now, in one look of its own."""
    with open_session() as session:
        return {row.id: row.number for row in session.execute(select(Revision.id, Revision.number))}


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
