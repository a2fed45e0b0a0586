"""Freezes: times in which nothing should be planned; a window in one is warned of, not refused."""

from datetime import datetime

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.status.announcements import Title
from portal.status.terms import Camel, Instant, check_span
from portal.store.base import Base

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


def new(wish: FreezeIn, *, now: datetime) -> Freeze:
    """The row of a wish; RuleError when its times cannot be."""
    check_span(wish.starts_at, wish.ends_at, now=now)
    return Freeze(
        title=wish.title, starts_at=wish.starts_at, ends_at=wish.ends_at, created_at=now, version=1
    )


def out(row: Freeze) -> FreezeOut:
    return FreezeOut(id=row.id, title=row.title, starts_at=row.starts_at, ends_at=row.ends_at)


def coming(session: Session, *, now: datetime) -> list[Freeze]:
    """Those that are not over, the next first."""
    return list(
        session.scalars(select(Freeze).where(Freeze.ends_at > now).order_by(Freeze.starts_at))
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
