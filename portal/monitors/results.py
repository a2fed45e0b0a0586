"""Raw results of a day: one narrow row a look, for charts and for the figures made of them."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import BigInteger, ForeignKey, SmallInteger, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.monitors.health import Outcome
from portal.store.base import Base


class MonitorResult(Base):
    """One look: when it ended in milliseconds since the epoch, and how long it took."""

    __tablename__ = "monitor_result"

    monitor_id: Mapped[int] = mapped_column(
        ForeignKey("monitor.id", ondelete="CASCADE"), primary_key=True
    )
    at: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    node_id: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    outcome: Mapped[int] = mapped_column(SmallInteger)
    microseconds: Mapped[int | None]

    __table_args__ = ({"sqlite_with_rowid": False},)


class Sample(NamedTuple):
    """One look as charts and figures want it; `ms` is None where nothing was measured."""

    at: float
    outcome: Outcome
    ms: float | None


def in_ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def between(
    session: Session, monitor_ids: Iterable[int], since: datetime, until: datetime
) -> Iterator[tuple[int, Sample]]:
    """The looks of some monitors that ended in [since, until), by monitor and time."""
    query = (
        select(
            MonitorResult.monitor_id,
            MonitorResult.at,
            MonitorResult.outcome,
            MonitorResult.microseconds,
        )
        .where(
            MonitorResult.monitor_id.in_(list(monitor_ids)),
            MonitorResult.at >= in_ms(since),
            MonitorResult.at < in_ms(until),
        )
        .order_by(MonitorResult.monitor_id, MonitorResult.at)
    )
    for monitor_id, at, outcome, took in session.execute(query):
        yield monitor_id, Sample(at / 1000, Outcome(outcome), None if took is None else took / 1000)


def sweep(session: Session, monitor_ids: Iterable[int], *, now: datetime, keep: timedelta) -> None:
    """Forget what is older; by monitor, as the key begins with it."""
    before = in_ms(now - keep)
    for monitor_id in monitor_ids:
        session.execute(
            delete(MonitorResult).where(
                MonitorResult.monitor_id == monitor_id, MonitorResult.at < before
            )
        )
