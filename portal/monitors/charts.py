"""Response times of a period, and how they are drawn: medians, a band up to the 95th percentile."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from portal.monitors import figures, results
from portal.monitors.figures import COARSE, FINE, Figure
from portal.schemas import Camel


class Period(StrEnum):
    """How far back a chart reaches."""

    HOURS = "6h"
    DAY = "day"
    WEEK = "week"
    QUARTER = "quarter"

    @property
    def length(self) -> timedelta:
        return _LENGTHS[self][0]

    @property
    def step(self) -> timedelta:
        """How long one point of a chart is."""
        return timedelta(seconds=_LENGTHS[self][1])


_LENGTHS = {
    Period.HOURS: (timedelta(hours=6), FINE),
    Period.DAY: (timedelta(days=1), FINE),
    Period.WEEK: (timedelta(days=7), COARSE),
    Period.QUARTER: (timedelta(days=90), 6 * COARSE),
}


class Point(Camel):
    """A stretch of time; `p50` and `p95` are milliseconds, null where all looks failed."""

    at: datetime
    looks: int
    failures: int
    p50: float | None
    p95: float | None
    most: float | None


class LatencyOut(Camel):
    """Response times; a stretch in which nobody looked has no point."""

    since: datetime
    until: datetime
    step_seconds: int
    points: list[Point]


def latency(session: Session, monitor_id: int, period: Period, *, now: datetime) -> LatencyOut:
    """The response times of a monitor over a period."""
    found = of_monitors(session, [monitor_id], period, now=now).get(monitor_id, [])
    return LatencyOut(
        since=now - period.length,
        until=now,
        step_seconds=int(period.step.total_seconds()),
        points=[_point(at, figure) for at, figure in found],
    )


def of_monitors(
    session: Session, ids: Iterable[int], period: Period, *, now: datetime, with_latest: bool = True
) -> dict[int, list[tuple[datetime, Figure]]]:
    """Figures by monitor, the earliest first; of the latest stretch from single results."""
    ids, since, step = list(ids), now - period.length, period.step
    seconds = FINE if period in (Period.HOURS, Period.DAY) else COARSE
    found = figures.read(session, ids, seconds=seconds, since=since, until=now)
    fresh = now - timedelta(seconds=seconds) - timedelta(minutes=2)
    late = (
        {} if not with_latest else _of_results(session, ids, fresh, now, timedelta(seconds=seconds))
    )
    for number, some in late.items():
        known = found.setdefault(number, [])
        last = known[-1][0] if known else since
        known += [(at, figure) for at, figure in some if at > last]
    if period is Period.QUARTER:
        return {number: _joined(some, step) for number, some in found.items()}
    return found


def _of_results(
    session: Session, ids: list[int], since: datetime, until: datetime, step: timedelta
) -> dict[int, list[tuple[datetime, Figure]]]:
    cut: dict[tuple[int, int], list[results.Sample]] = {}
    seconds = step.total_seconds()
    for number, sample in results.between(session, ids, since, until):
        cut.setdefault((number, int(sample.at // seconds)), []).append(sample)
    found: dict[int, list[tuple[datetime, Figure]]] = {}
    for (number, slot), samples in sorted(cut.items()):
        figure = figures.of_samples(samples)
        if figure.looks:
            at = datetime.fromtimestamp(slot * seconds, until.tzinfo)
            found.setdefault(number, []).append((at, figure))
    return found


def _joined(some: list[tuple[datetime, Figure]], step: timedelta) -> list[tuple[datetime, Figure]]:
    """Several hours as one: the median of medians and the worst of the rest, by their looks."""
    cut: dict[int, list[Figure]] = {}
    seconds = step.total_seconds()
    for at, figure in some:
        cut.setdefault(int(at.timestamp() // seconds), []).append(figure)
    zone = some[0][0].tzinfo if some else None
    return [
        (datetime.fromtimestamp(slot * seconds, zone), _sum(parts))
        for slot, parts in sorted(cut.items())
    ]


def _sum(parts: list[Figure]) -> Figure:
    timed = [one for one in parts if one.looks > one.failures]
    return Figure(
        sum(one.looks for one in parts),
        sum(one.failures for one in parts),
        figures.quantile(sorted(one.p50 for one in timed), 0.5) if timed else 0.0,
        max((one.p95 for one in timed), default=0.0),
        max((one.most for one in timed), default=0.0),
    )


def _point(at: datetime, figure: Figure) -> Point:
    has_time = figure.looks > figure.failures
    return Point(
        at=at,
        looks=figure.looks,
        failures=figure.failures,
        p50=round(figure.p50, 2) if has_time else None,
        p95=round(figure.p95, 2) if has_time else None,
        most=round(figure.most, 2) if has_time else None,
    )
