"""Figures of five minutes and of hours, a day of them in one row.

A row of its own for each figure would take ten times the room: here a day of one monitor is a few
hundred bytes. They are kept by column, as half-precision numbers (three digits), and compressed.
"""

import struct
import zlib
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Date, ForeignKey, LargeBinary, SmallInteger, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.monitors.health import Outcome
from portal.monitors.results import Sample
from portal.store.base import Base

DAY_SECONDS = 86_400
FINE, COARSE = 300, 3600
_MOST_MS = 65_000.0


class MonitorFigures(Base):
    """A day of figures; `seconds` is how long each of them is."""

    __tablename__ = "monitor_figures"

    monitor_id: Mapped[int] = mapped_column(
        ForeignKey("monitor.id", ondelete="CASCADE"), primary_key=True
    )
    seconds: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    packed: Mapped[bytes] = mapped_column(LargeBinary)


class Figure(NamedTuple):
    """What a stretch of time was like; without a look nothing is known."""

    looks: int = 0
    failures: int = 0
    p50: float = 0.0
    p95: float = 0.0
    most: float = 0.0


EMPTY = Figure()


def of_samples(samples: Iterable[Sample]) -> Figure:
    """The figure of some looks; those that could not be made count as none."""
    known = [one for one in samples if one.outcome is not Outcome.UNKNOWN]
    times = sorted(one.ms for one in known if one.ms is not None and one.outcome < Outcome.DOWN)
    failures = sum(one.outcome is Outcome.DOWN for one in known)
    if not times:
        return Figure(len(known), failures)
    return Figure(len(known), failures, quantile(times, 0.5), quantile(times, 0.95), times[-1])


def quantile(ordered: Sequence[float], share: float) -> float:
    """The least value that so large a share does not exceed."""
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


def pack(figures: Sequence[Figure]) -> bytes:
    """A day of figures as bytes."""
    size = len(figures)
    return zlib.compress(
        struct.pack(f"<{size}H", *(min(one.looks, 65_535) for one in figures))
        + struct.pack(f"<{size}H", *(min(one.failures, 65_535) for one in figures))
        + b"".join(
            struct.pack(f"<{size}e", *(min(one[column], _MOST_MS) for one in figures))
            for column in (2, 3, 4)
        ),
        9,
    )


def unpack(packed: bytes) -> list[Figure]:
    """The same as figures."""
    plain = zlib.decompress(packed)
    size = len(plain) // 10
    values = struct.unpack(f"<{2 * size}H{3 * size}e", plain)
    return [Figure(*values[number::size]) for number in range(size)]


def put(session: Session, found: dict[int, dict[int, Figure]], *, seconds: int, day: date) -> None:
    """Put figures into their day: by monitor, and by which of the day's they are."""
    stored = {
        row.monitor_id: row
        for row in session.scalars(
            select(MonitorFigures).where(
                MonitorFigures.monitor_id.in_(list(found)),
                MonitorFigures.seconds == seconds,
                MonitorFigures.day == day,
            )
        )
    }
    for monitor_id, some in found.items():
        row = stored.get(monitor_id)
        figures = unpack(row.packed) if row else [EMPTY] * (DAY_SECONDS // seconds)
        for number, figure in some.items():
            figures[number] = figure
        if row is None:
            row = MonitorFigures(monitor_id=monitor_id, seconds=seconds, day=day)
            session.add(row)
        row.packed = pack(figures)


def read(
    session: Session, monitor_ids: Iterable[int], *, seconds: int, since: datetime, until: datetime
) -> dict[int, list[tuple[datetime, Figure]]]:
    """The figures of some monitors between two instants, the earliest first; gaps are left out."""
    first, last = since.astimezone(UTC).date(), until.astimezone(UTC).date()
    rows = session.scalars(
        select(MonitorFigures)
        .where(
            MonitorFigures.monitor_id.in_(list(monitor_ids)),
            MonitorFigures.seconds == seconds,
            MonitorFigures.day.between(first, last),
        )
        .order_by(MonitorFigures.monitor_id, MonitorFigures.day)
    )
    found: dict[int, list[tuple[datetime, Figure]]] = {}
    for row in rows:
        midnight = datetime.combine(row.day, datetime.min.time(), UTC)
        for number, figure in enumerate(unpack(row.packed)):
            begins = midnight + timedelta(seconds=number * seconds)
            if figure.looks and since <= begins < until:
                found.setdefault(row.monitor_id, []).append((begins, figure))
    return found


def sweep(session: Session, *, now: datetime, fine: timedelta, coarse: timedelta) -> None:
    """Forget what is older than it is kept."""
    for seconds, keep in ((FINE, fine), (COARSE, coarse)):
        session.execute(
            delete(MonitorFigures).where(
                MonitorFigures.seconds == seconds, MonitorFigures.day < (now - keep).date()
            )
        )
