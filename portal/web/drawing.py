"""Response times as the numbers of an SVG: lines, a band, gaps, and what was planned or down.

A chart speaks by shape as well as by colour: what nobody knows is hatched and has no line, what is
planned has dotted edges, what was down has no response time.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from portal.monitors.figures import Figure
from portal.monitors.health import Health
from portal.monitors.uptime import Planned, Stretch
from portal.web import dates

LEFT, TOP, BOTTOM = 56, 22, 224
SPARK_WIDTH, SPARK_HEIGHT = 132, 32
_STEPS_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000)


class Tick(NamedTuple):
    """A place on an axis, and what stands there."""

    at: float
    text: str


class Part(NamedTuple):
    """A stretch along the time axis: where it begins, how wide it is, what it is."""

    x: float
    width: float
    name: str


@dataclass(frozen=True)
class Drawing:
    """A chart of response times."""

    width: int
    bands: list[str]
    medians: list[str]
    unknown: list[Part]
    planned: list[Part]
    down: list[Part]
    states: list[Part]
    hours: list[Tick]
    values: list[Tick]
    p50: float | None
    p95: float | None


def chart(
    figures: Sequence[tuple[datetime, Figure]],
    *,
    since: datetime,
    until: datetime,
    step: timedelta,
    stretches: Iterable[Stretch] = (),
    planned: Iterable[Planned] = (),
    width: int = 670,
) -> Drawing:
    """Draw figures between two instants."""
    span = (until - since).total_seconds()

    def x(moment: datetime) -> float:
        share = (min(max(moment, since), until) - since).total_seconds() / span
        return round(LEFT + share * (width - LEFT), 1)

    timed = [(at, one) for at, one in figures if one.looks > one.failures]
    top = _top(max((one.p95 for _, one in timed), default=0.0))

    def y(ms: float) -> float:
        return round(BOTTOM - min(ms / top, 1.0) * (BOTTOM - TOP), 1)

    bands, medians = [], []
    for run in _runs(timed, step):
        middles = [x(at + step / 2) for at, _ in run]
        if len(middles) == 1:
            middles = [middles[0] - 1, middles[0] + 1]
            run = [run[0], run[0]]
        upper = [f"{place:g} {y(one.p95)}" for place, (_, one) in zip(middles, run, strict=True)]
        lower = [f"{place:g} {y(one.p50)}" for place, (_, one) in zip(middles, run, strict=True)]
        bands.append(f"M{'L'.join([*upper, *reversed(lower)])}z")
        medians.append(f"M{'L'.join(lower)}")
    pieces = list(_clipped(stretches, since, until))
    windows = [
        Part(x(one.began_at), round(x(one.ended_at) - x(one.began_at), 1), "planned")
        for one in planned
        if one.ended_at > since and one.began_at < until
    ]
    states = [
        Part(x(begin), max(1.0, round(x(end) - x(begin) - 0.5, 1)), health.value)
        for health, begin, end in pieces
    ]
    return Drawing(
        width=width,
        bands=bands,
        medians=medians,
        unknown=[one for one in states if one.name == Health.UNKNOWN],
        planned=windows,
        down=[one for one in states if one.name == Health.DOWN],
        states=states,
        hours=_hours(since, until, x),
        values=[Tick(y(top * number / 4), _ms(top * number / 4)) for number in range(5)],
        p50=_middle([one.p50 for _, one in timed]),
        p95=_middle([one.p95 for _, one in timed]),
    )


@dataclass(frozen=True)
class Spark:
    """A day in a small line: where it was well, where it failed, where nothing is known."""

    under: list[str]
    line: list[str]
    ill: list[str]
    unknown: list[Part]


def spark(
    figures: Sequence[tuple[datetime, Figure]], *, since: datetime, until: datetime, step: timedelta
) -> Spark:
    """Draw the medians of a day; a gap is hatched."""
    span = (until - since).total_seconds()

    def x(moment: datetime) -> float:
        share = (min(max(moment, since), until) - since).total_seconds() / span
        return round(share * SPARK_WIDTH, 1)

    known = sorted(figures)
    most = max((one.p50 for _, one in known), default=0.0) or 1.0
    under, line, ill, unknown = [], [], [], []

    def y(one: Figure) -> float:
        if one.looks <= one.failures:
            return 2.0
        return round(SPARK_HEIGHT - 2 - one.p50 / most * (SPARK_HEIGHT - 4), 1)

    reached = since
    for run in _runs(known, step):
        if run[0][0] - reached > step * 1.5:
            begin = x(reached)
            unknown.append(Part(begin, round(x(run[0][0]) - begin, 1), "unknown"))
        places = [(x(at + step / 2), y(one)) for at, one in run]
        if len(places) == 1:
            places = [(places[0][0] - 1, places[0][1]), (places[0][0] + 1, places[0][1])]
        points = [f"{left:g} {high:g}" for left, high in places]
        under.append(
            f"M{places[0][0]:g} {SPARK_HEIGHT}L{'L'.join(points)}L{places[-1][0]:g} {SPARK_HEIGHT}z"
        )
        line.append(f"M{'L'.join(points)}")
        for (first, (_, one)), second in zip(
            zip(points, run, strict=False), points[1:], strict=False
        ):
            if one.failures:
                ill.append(f"M{first}L{second}")
        if run[-1][1].failures and len(points) > 1:
            ill.append(f"M{points[-2]}L{points[-1]}")
        reached = run[-1][0] + step
    if until - reached > step * 1.5:
        unknown.append(Part(x(reached), round(SPARK_WIDTH - x(reached), 1), "unknown"))
    return Spark(under, line, ill, unknown)


def _runs(
    figures: Sequence[tuple[datetime, Figure]], step: timedelta
) -> list[list[tuple[datetime, Figure]]]:
    """Figures that follow each other without a gap."""
    runs: list[list[tuple[datetime, Figure]]] = []
    for one in figures:
        if runs and one[0] - runs[-1][-1][0] <= step * 1.5:
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs


def _clipped(
    stretches: Iterable[Stretch], since: datetime, until: datetime
) -> Iterable[tuple[Health, datetime, datetime]]:
    for one in sorted(stretches, key=lambda one: one.began_at):
        begin, end = max(one.began_at, since), min(one.ended_at or until, until)
        if end > begin:
            yield one.health, begin, end


def _top(most: float) -> float:
    """The top of the axis: four even steps above what was measured."""
    step = next((one for one in _STEPS_MS if one * 4 >= most), most / 4)
    return max(step * 4, 4)


def _ms(value: float) -> str:
    if value == 0:
        return "0"
    return f"{value / 1000:g} s" if value >= 1000 else f"{value:g} ms"


def _middle(values: list[float]) -> float | None:
    return sorted(values)[len(values) // 2] if values else None


def _hours(since: datetime, until: datetime, x: Callable[[datetime], float]) -> list[Tick]:
    """About six times along the axis, on whole hours or days."""
    length = until - since
    steps = (1, 4, 24, 24 * 15)
    hours = next((one for one in steps if length / timedelta(hours=one) <= 7), steps[-1])
    step = timedelta(hours=hours)
    midnight = datetime.combine(since.astimezone(UTC).date(), datetime.min.time(), UTC)
    moments = [midnight + step * number for number in range(200)]
    found = [one for one in moments if since + step / 4 <= one <= until - step / 8]
    return [Tick(x(one), dates.brief_day(one) if hours >= 24 else f"{one:%H:%M}") for one in found]
