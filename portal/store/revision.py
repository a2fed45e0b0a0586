"""The number that every public change raises."""

from sqlalchemy import select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.store.base import Base


class Revision(Base):
    """One row; made by the first migration."""

    __tablename__ = "revision"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]


def current(session: Session) -> int:
    """The revision now."""
    return session.scalar(select(Revision.number).where(Revision.id == 1)) or 0


def advance(session: Session) -> None:
    """Raise the revision in the caller's transaction."""
    session.execute(update(Revision).where(Revision.id == 1).values(number=Revision.number + 1))
