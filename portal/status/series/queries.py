"""Series of the database."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.status.series.series import AHEAD, WindowSeries


def find(session: Session, reference: str) -> WindowSeries | None:
    return session.scalar(select(WindowSeries).where(WindowSeries.reference == reference))


def page(session: Session, *, limit: int, offset: int) -> tuple[list[WindowSeries], int]:
    """A page, the newest first, and how many there are."""
    total = session.scalar(select(func.count()).select_from(WindowSeries)) or 0
    rows = session.scalars(
        select(WindowSeries).order_by(WindowSeries.id.desc()).limit(limit).offset(offset)
    )
    return list(rows), total


def going_on(session: Session, *, limit: int, offset: int) -> tuple[list[WindowSeries], int]:
    """A page of those that are not cancelled, the newest first, and how many there are."""
    query = select(WindowSeries).where(WindowSeries.cancelled_at.is_(None))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.scalars(query.order_by(WindowSeries.id.desc()).limit(limit).offset(offset))
    return list(rows), total


def due(session: Session, *, now: datetime) -> list[WindowSeries]:
    """Those whose plan does not reach a day short of two months any more."""
    return list(
        session.scalars(
            select(WindowSeries)
            .where(
                WindowSeries.cancelled_at.is_(None),
                WindowSeries.awaits_approval.is_(False),
                WindowSeries.planned_until < now + AHEAD - timedelta(days=1),
            )
            .with_for_update()
        )
    )
