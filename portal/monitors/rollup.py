"""The rollup of results into figures of five minutes and hours, and what is kept no longer."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal import clock
from portal.monitors import figures, nodes, results, states
from portal.monitors.figures import COARSE, FINE, Figure
from portal.monitors.monitor import Monitor
from portal.monitors.results import MonitorResult
from portal.settings import Settings
from portal.store import engine

# Results of a stretch may be written so long after its end.
SETTLED_AFTER = timedelta(seconds=30)
# Of so many monitors at once: a transaction is short, and others come in between.
AT_ONCE = 50


class Rollup:
    """What was made so far; used by the worker that leads."""

    def __init__(self, open_session: Callable[[], Session], settings: Settings) -> None:
        self._open_session = open_session
        self._results = timedelta(hours=settings.monitor_result_hours)
        self._fine = timedelta(days=settings.monitor_figure_days)
        self._coarse = timedelta(days=settings.monitor_hour_days)
        self._made: dict[int, datetime] = {}
        self._swept_at: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        return any(
            _begin(now - SETTLED_AFTER, seconds) > self._made.get(seconds, _EARLIEST)
            for seconds in (FINE, COARSE)
        )

    def run(self, *, now: datetime) -> None:
        """Make what is over and was not made; sweep once an hour."""
        for seconds in (FINE, COARSE):
            until = _begin(now - SETTLED_AFTER, seconds)
            since = self._made.get(seconds) or self._begin_at(seconds, until)
            if since < now - self._results:
                # A long time without a worker: what was not measured need not be gone through.
                since = max(since, self._oldest(seconds, until))
            for begin in _stretches(since, until, seconds):
                self._make(begin, seconds)
            self._made[seconds] = until
        if self._swept_at is None or abs(now - self._swept_at) >= timedelta(hours=1):
            self._sweep(now)
            self._swept_at = now

    def _begin_at(self, seconds: int, until: datetime) -> datetime:
        """From where to make figures after a start: from the last that are there."""
        with self._open_session() as session:
            day = session.scalar(
                select(func.max(figures.MonitorFigures.day)).where(
                    figures.MonitorFigures.seconds == seconds
                )
            )
            if day is None:
                return self._oldest(seconds, until)
            midnight = datetime.combine(day, datetime.min.time(), UTC)
            last = 0
            rows = session.scalars(
                select(figures.MonitorFigures.packed)
                .where(figures.MonitorFigures.seconds == seconds, figures.MonitorFigures.day == day)
                .limit(AT_ONCE)
            )
            for packed in rows:
                made = [number for number, one in enumerate(figures.unpack(packed)) if one.looks]
                last = max([last, *(number + 1 for number in made[-1:])])
            return midnight + timedelta(seconds=last * seconds)

    def _oldest(self, seconds: int, until: datetime) -> datetime:
        with self._open_session() as session:
            first = session.scalar(select(func.min(MonitorResult.at)))
        return until if first is None else _begin(clock.at(first / 1000), seconds)

    def _make(self, begin: datetime, seconds: int) -> None:
        end = begin + timedelta(seconds=seconds)
        midnight = datetime.combine(begin.date(), datetime.min.time(), UTC)
        number = int((begin - midnight).total_seconds()) // seconds
        for ids in self._ids():
            with self._open_session() as session:
                engine.begin_write(session)
                found: dict[int, dict[int, Figure]] = {}
                looks = results.between(session, ids, begin, end)
                for monitor_id, some in groupby(looks, key=lambda pair: pair[0]):
                    figure = figures.of_samples(sample for _, sample in some)
                    if figure.looks:
                        found[monitor_id] = {number: figure}
                figures.put(session, found, seconds=seconds, day=begin.date())
                session.commit()

    def _ids(self) -> Iterator[list[int]]:
        with self._open_session() as session:
            ids = list(session.scalars(select(Monitor.id).order_by(Monitor.id)))
        for first in range(0, len(ids), AT_ONCE):
            yield ids[first : first + AT_ONCE]

    def _sweep(self, now: datetime) -> None:
        for ids in self._ids():
            with self._open_session() as session:
                engine.begin_write(session)
                results.sweep(session, ids, now=now, keep=self._results + timedelta(hours=1))
                session.commit()
        with self._open_session() as session:
            engine.begin_write(session)
            figures.sweep(session, now=now, fine=self._fine, coarse=self._coarse)
            states.sweep(session, now=now)
            nodes.sweep(session, now=now)
            session.commit()


_EARLIEST = datetime.min.replace(tzinfo=UTC)


def _begin(moment: datetime, seconds: int) -> datetime:
    """The beginning of the stretch that an instant is in."""
    midnight = datetime.combine(moment.astimezone(UTC).date(), datetime.min.time(), UTC)
    return midnight + (moment - midnight) // timedelta(seconds=seconds) * timedelta(seconds=seconds)


def _stretches(since: datetime, until: datetime, seconds: int) -> Iterator[datetime]:
    while since < until:
        yield since
        since += timedelta(seconds=seconds)
