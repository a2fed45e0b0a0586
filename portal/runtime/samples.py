"""Samples: a line a minute of the node's figures, kept for a week, for the panel's small charts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.runtime.snapshot import CountPoint, PoolSample, Snapshot
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
    waf_blocked: Mapped[int] = mapped_column(server_default=text("0"))
    perimeter_blocked: Mapped[int] = mapped_column(server_default=text("0"))
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
            waf_blocked=snapshot.waf.blocked,
            perimeter_blocked=snapshot.perimeter.total_blocked,
            pool_borrowed=snapshot.database_pool.borrowed,
            pool_pending=snapshot.database_pool.pending,
        )
    )
    return True


@dataclass(frozen=True)
class History:
    """The last hour, the oldest first; counts are of the minute before each point."""

    pool: list[PoolSample]
    scrapes: list[CountPoint]
    waf: list[CountPoint]
    perimeter: list[CountPoint]


def history(session: Session) -> History:
    """What the panel's small lines are drawn from."""
    rows = list(session.scalars(select(Sample).order_by(Sample.at.desc()).limit(SHOWN + 1)))[::-1]

    def counts(of: Callable[[Sample], int]) -> list[CountPoint]:
        # A total that fell is that of a service that began again.
        return [
            CountPoint(at=row.at, count=of(row) - of(last) if of(row) >= of(last) else of(row))
            for last, row in pairwise(rows)
        ]

    return History(
        pool=[
            PoolSample(at=row.at, borrowed=row.pool_borrowed, pending=row.pool_pending)
            for row in rows[-SHOWN:]
        ],
        scrapes=counts(lambda row: row.scrapes),
        waf=counts(lambda row: row.waf_blocked),
        perimeter=counts(lambda row: row.perimeter_blocked),
    )


def sweep(session: Session, *, now: datetime) -> None:
    session.execute(delete(Sample).where(Sample.at <= now - KEPT))
