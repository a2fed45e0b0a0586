"""Samples: a line a minute of the node's figures, kept for a week, for the panel's small charts."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.runtime.snapshot import PoolSample, Snapshot
from portal.store.base import Base

EVERY = timedelta(minutes=1)
KEPT = timedelta(days=7)
SHOWN = 60


class Sample(Base):
    """Figures at an instant; counters are totals since the service began."""

    __tablename__ = "sample"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    hits: Mapped[int]
    blocked: Mapped[int]
    scrapes: Mapped[int]
    pool_borrowed: Mapped[int]
    pool_pending: Mapped[int]


def take(session: Session, snapshot: Snapshot) -> bool:
    """Store one line, unless a worker did within the last minute."""
    newest = session.scalar(select(Sample.at).order_by(Sample.at.desc()).limit(1))
    # A second's slack, or a worker that wakes a blink early would halve the rate.
    if newest is not None and snapshot.generated_at - newest < EVERY - timedelta(seconds=1):
        return False
    session.add(
        Sample(
            at=snapshot.generated_at,
            hits=snapshot.rate_limit.lifetime.hits,
            blocked=snapshot.rate_limit.lifetime.blocked,
            scrapes=snapshot.metrics.scrapes,
            pool_borrowed=snapshot.database_pool.borrowed,
            pool_pending=snapshot.database_pool.pending,
        )
    )
    return True


def pool_history(session: Session) -> list[PoolSample]:
    """The last hour of the pool, the oldest first."""
    rows = session.scalars(select(Sample).order_by(Sample.at.desc()).limit(SHOWN))
    return [
        PoolSample(at=row.at, borrowed=row.pool_borrowed, pending=row.pool_pending)
        for row in reversed(list(rows))
    ]


def sweep(session: Session, *, now: datetime) -> None:
    session.execute(delete(Sample).where(Sample.at <= now - KEPT))
