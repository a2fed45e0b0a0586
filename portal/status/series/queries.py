"""Series of the database."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.status.series.series import AHEAD, WindowSeries
from portal.store import pages


def find(session: Session, reference: str) -> WindowSeries | None:
    return session.scalar(select(WindowSeries).where(WindowSeries.reference == reference))


def page(session: Session, *, limit: int, offset: int) -> tuple[list[WindowSeries], int]:
    """A page, the newest first, and how many there are."""
    newest = WindowSeries.id.desc()
    return pages.page(session, select(WindowSeries), newest, limit=limit, offset=offset)


def going_on(session: Session, *, limit: int, offset: int) -> tuple[list[WindowSeries], int]:
    """A page of those that are not cancelled, the newest first, and how many there are."""
    query = select(WindowSeries).where(WindowSeries.cancelled_at.is_(None))
    return pages.page(session, query, WindowSeries.id.desc(), limit=limit, offset=offset)


def due(session: Session, *, now: datetime) -> list[WindowSeries]:
    """Those whose plan does not reach a day short of two months any more."""
    return list(
        session.scalars(
            select(WindowSeries).where(
                WindowSeries.cancelled_at.is_(None),
                WindowSeries.awaits_approval.is_(False),
                WindowSeries.planned_until < now + AHEAD - timedelta(days=1),
            )
        )
    )
