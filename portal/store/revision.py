"""The numbers that changes raise: one for what is public, one for the perimeter's blocks."""

from sqlalchemy import select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.store.base import Base

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
