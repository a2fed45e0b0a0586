"""Freezes: times in which nothing should be planned; a window in one is warned of, not refused."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal import clock
from portal.schemas import Camel, Instant
from portal.status.terms import Title, check_start_and_end
from portal.store.base import Base
from portal.unit_of_work import Acts, Transaction, act

MOST_SHOWN = 20


class Freeze(Base):
    """One such time; only operators know of it."""

    __tablename__ = "freeze"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(240))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime] = mapped_column(index=True)
    created_at: Mapped[datetime]
    version: Mapped[int]


class FreezeIn(Camel):
    """A time to keep free, such as the days of a sale."""

    title: Title
    starts_at: Instant
    ends_at: Instant


class FreezeOut(Camel):
    id: int
    title: str
    starts_at: datetime
    ends_at: datetime


class Freezes(Acts):
    """Acts on freezes."""

    @act
    def add(self, tx: Transaction, new: FreezeIn) -> Freeze:
        """A time in which nothing should be planned."""
        check_start_and_end(new.starts_at, new.ends_at, now=tx.now)
        row = Freeze(
            title=new.title, starts_at=new.starts_at, ends_at=new.ends_at, created_at=tx.now
        )
        tx.add(row)
        tx.session.flush()
        return tx.done(
            row,
            "maintenance.freeze.added",
            freeze=row.id,
            title=row.title,
            starts=clock.iso(row.starts_at),
            ends=clock.iso(row.ends_at),
        )

    @act
    def remove(self, tx: Transaction, number: int) -> None:
        """Take a freeze out of the calendar; NotFoundError when there is none."""
        row = tx.expect(tx.session.get(Freeze, number))
        tx.audit("maintenance.freeze.removed", freeze=row.id, title=row.title)
        tx.session.delete(row)


def out(row: Freeze) -> FreezeOut:
    return FreezeOut.of(row)


def coming(session: Session, *, now: datetime) -> list[Freeze]:
    """Those that are not over, the next first."""
    return after(session, now)


def after(session: Session, moment: datetime) -> list[Freeze]:
    """Those that end after an instant, the next first."""
    return list(
        session.scalars(select(Freeze).where(Freeze.ends_at > moment).order_by(Freeze.starts_at))
    )


def touching(session: Session, starts_at: datetime, ends_at: datetime) -> list[str]:
    """The titles of freezes that share some time with a span."""
    return list(
        session.scalars(
            select(Freeze.title)
            .where(Freeze.starts_at < ends_at, Freeze.ends_at > starts_at)
            .order_by(Freeze.starts_at)
            .limit(MOST_SHOWN)
        )
    )


def titles(rows: Iterable[Freeze], starts_at: datetime, ends_at: datetime) -> list[str]:
    """The same of freezes that have been read."""
    meeting = [row.title for row in rows if row.starts_at < ends_at and row.ends_at > starts_at]
    return meeting[:MOST_SHOWN]
