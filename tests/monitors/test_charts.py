"""Charts of response times: which stretch is told by figures, and which by single looks."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from portal.monitors import charts, figures
from portal.monitors.charts import Period, Point
from portal.monitors.figures import COARSE, FINE, Figure
from portal.monitors.health import Outcome
from portal.monitors.results import MonitorResult, in_ms
from tests.instants import HOUR, MINUTE, NOW
from tests.monitors.factories import monitor

ONE = Figure(10, 0, 100.0, 200.0, 300.0)
FAILED = Figure(5, 5)


@pytest.fixture
def session(session: Session) -> Session:
    session.add(monitor())
    session.flush()
    return session


def put(session: Session, at: datetime, figure: Figure, seconds: int = FINE) -> None:
    number = (at.hour * 3600 + at.minute * 60) // seconds
    figures.put(session, {7: {number: figure}}, seconds=seconds, day=at.date())
    session.flush()


def look(session: Session, at: datetime, outcome: Outcome = Outcome.UP, ms: int = 80) -> None:
    took = None if outcome is Outcome.UNKNOWN else ms * 1000
    row = MonitorResult(
        monitor_id=7, at=in_ms(at), node_id=1, outcome=outcome.value, microseconds=took
    )
    session.add(row)
    session.flush()


def points(session: Session, period: Period, *, now: datetime = NOW) -> list[Point]:
    return charts.latency(session, 7, period, now=now).points


def test_a_chart_says_how_far_it_reaches(session: Session):
    chart = charts.latency(session, 7, Period.HOURS, now=NOW)
    assert (chart.since, chart.until, chart.step_seconds) == (NOW - 6 * HOUR, NOW, 300)
    assert chart.points == []


@pytest.mark.parametrize(
    ("period", "seconds", "reach", "step"),
    [
        (Period.HOURS, FINE, 6 * HOUR, 300),
        (Period.DAY, FINE, 24 * HOUR, 300),
        (Period.WEEK, COARSE, 7 * 24 * HOUR, 3600),
        (Period.QUARTER, COARSE, 90 * 24 * HOUR, 6 * 3600),
    ],
)
def test_a_period_is_read_from_figures_of_its_own(
    session: Session, period: Period, seconds: int, reach: timedelta, step: int
):
    other = FINE + COARSE - seconds
    put(session, NOW - reach, ONE, seconds)
    put(session, NOW - reach - timedelta(seconds=seconds), ONE, seconds)
    put(session, NOW - 2 * HOUR, ONE, other)
    chart = charts.latency(session, 7, period, now=NOW)
    assert [one.at for one in chart.points] == [NOW - reach]
    assert chart.step_seconds == step


def test_the_latest_stretch_comes_from_single_looks(session: Session):
    """Figures are made a little after their stretch is over; until then looks tell of it."""
    put(session, NOW - 10 * MINUTE, ONE)
    look(session, NOW - 9 * MINUTE, ms=1)
    look(session, NOW - 4 * MINUTE)
    look(session, NOW + 1 * MINUTE, ms=90)
    found = points(session, Period.HOURS, now=NOW + 2 * MINUTE)
    assert [(one.at, one.p50) for one in found] == [
        (NOW - 10 * MINUTE, 100.0),
        (NOW - 5 * MINUTE, 80.0),
        (NOW, 90.0),
    ]


def test_what_has_a_figure_is_not_told_twice(session: Session):
    put(session, NOW - 5 * MINUTE, ONE)
    look(session, NOW - 4 * MINUTE)
    assert [one.p50 for one in points(session, Period.HOURS)] == [100.0]


def test_looks_that_could_not_be_made_are_no_point(session: Session):
    look(session, NOW - 2 * MINUTE, Outcome.UNKNOWN)
    assert points(session, Period.HOURS) == []
    look(session, NOW - 1 * MINUTE)
    (point,) = points(session, Period.HOURS)
    assert (point.looks, point.failures) == (1, 0)


def test_where_all_looks_failed_there_is_no_time(session: Session):
    put(session, NOW - 10 * MINUTE, FAILED)
    put(session, NOW - 15 * MINUTE, Figure(6, 5, 10.0, 20.0, 30.0))
    some, none = points(session, Period.HOURS)
    assert (some.p50, some.p95, some.most) == (10.0, 20.0, 30.0)
    assert (none.looks, none.failures) == (5, 5)
    assert (none.p50, none.p95, none.most) == (None, None, None)


def test_hours_of_a_quarter_are_joined(session: Session):
    begin = datetime(2030, 6, 1, 6, 0, tzinfo=UTC)
    hours = [ONE, FAILED, Figure(10, 1, 10.0, 20.0, 900.0), Figure(10, 0, 50.0, 500.0, 600.0)]
    for number, figure in enumerate(hours):
        put(session, begin + number * HOUR, figure, COARSE)
    put(session, begin + 6 * HOUR, FAILED, COARSE)
    first, second = points(session, Period.QUARTER)
    assert first == Point(at=begin, looks=35, failures=6, p50=50.0, p95=500.0, most=900.0)
    assert (second.at, second.looks, second.p50) == (begin + 6 * HOUR, 5, None)


def test_without_the_latest_only_figures_are_read(session: Session):
    put(session, NOW - 10 * MINUTE, ONE)
    look(session, NOW - 1 * MINUTE)
    found = charts.of_monitors(session, [7], Period.HOURS, now=NOW, with_latest=False)
    assert found == {7: [(NOW - 10 * MINUTE, ONE)]}


def test_a_week_has_its_hours_one_by_one(session: Session):
    for number in range(3):
        put(session, datetime(2030, 6, 2, number, tzinfo=UTC), ONE, COARSE)
    assert len(points(session, Period.WEEK)) == 3
    assert points(session, Period.WEEK)[0].at.date() == date(2030, 6, 2)
