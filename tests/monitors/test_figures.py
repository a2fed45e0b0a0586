"""Figures: what is kept of a day, how small it is, and how near to what was measured."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from portal.monitors import figures, uptime
from portal.monitors.figures import EMPTY, Figure
from portal.monitors.health import Health, Outcome
from portal.monitors.results import Sample
from portal.monitors.uptime import Planned, Stretch
from tests.instants import HOUR
from tests.monitors.factories import monitor

START = datetime(2030, 6, 3, tzinfo=UTC)


@given(st.lists(st.floats(0.01, 60_000), min_size=1, max_size=288))
def test_a_day_is_read_as_it_was_packed_to_three_digits(times: list[float]):
    day = [Figure(1, 0, ms, ms, ms) for ms in times]
    day += [EMPTY] * (288 - len(day))
    found = figures.unpack(figures.pack(day))
    assert len(found) == 288
    for was, is_now in zip(day, found, strict=True):
        assert is_now.looks == was.looks
        assert is_now.p50 == pytest.approx(was.p50, rel=0.002, abs=0.001)


def test_a_day_of_one_monitor_takes_about_a_kilobyte():
    chance = random.Random(1)
    day = []
    for _ in range(288):
        times = sorted(chance.gauss(80, 15) for _ in range(5))
        day.append(Figure(5, 0, times[2], times[4], times[4]))
    assert len(figures.pack(day)) < 1600
    assert len(figures.pack([EMPTY] * 288)) < 60


def test_a_figure_is_of_what_was_measured():
    samples = [Sample(n, Outcome.UP, float(n)) for n in range(1, 101)]
    found = figures.of_samples(
        [*samples, Sample(0, Outcome.DOWN, 9999.0), Sample(0, Outcome.UNKNOWN, None)]
    )
    assert found == Figure(101, 1, 50.0, 95.0, 100.0)
    assert figures.of_samples([Sample(0, Outcome.UNKNOWN, None)]) == EMPTY
    assert figures.of_samples([Sample(0, Outcome.DOWN, 3.0)]) == Figure(1, 1)


def test_figures_are_put_into_their_day_and_swept(session: Session):
    session.add(monitor())
    session.flush()
    one, other = Figure(5, 0, 1.0, 2.0, 3.0), Figure(5, 5)
    figures.put(session, {7: {0: one}}, seconds=300, day=date(2030, 6, 3))
    session.flush()
    figures.put(session, {7: {287: other}}, seconds=300, day=date(2030, 6, 3))
    session.flush()
    read = figures.read(session, [7], seconds=300, since=START, until=START + 24 * HOUR)
    assert read == {7: [(START, one), (START + timedelta(minutes=1435), other)]}
    for days, is_kept in ((30, True), (31, False)):
        later = START + timedelta(days=days)
        figures.sweep(session, now=later, fine=timedelta(days=30), coarse=timedelta(days=731))
        found = figures.read(session, [7], seconds=300, since=START, until=later)
        assert bool(found) is is_kept, days


def stretch(word: str, begin: float, end: float | None) -> Stretch:
    return Stretch(Health(word), START + begin * HOUR, None if end is None else START + end * HOUR)


@pytest.mark.parametrize(
    ("stretches", "planned", "share", "why"),
    [
        ([], [], None, "nothing is known"),
        ([stretch("unknown", 0, None)], [], None, "unknown is not counted"),
        ([stretch("up", 0, None)], [], 1.0, "up all the time"),
        ([stretch("up", 0, 9), stretch("down", 9, None)], [], 0.9, "an hour of ten"),
        ([stretch("degraded", 0, None)], [], 1.0, "degraded answers"),
        (
            [stretch("up", 0, 4), stretch("unknown", 4, 8), stretch("down", 8, None)],
            [],
            2 / 3,
            "of six known hours",
        ),
        (
            [stretch("up", 0, 8), stretch("down", 8, None)],
            [(8, 9)],
            8 / 9,
            "an hour of it was planned",
        ),
        (
            [stretch("up", 0, 8), stretch("down", 8, None)],
            [(7, 9.5), (8, 11)],
            1.0,
            "all of it was planned",
        ),
        (
            [stretch("up", 0, 5), stretch("down", 5, None)],
            [(0, 1), (1, 1), (4, 6), (11, 12)],
            3 / 7,
            "what was planned beside it does not count for it",
        ),
        (
            [stretch("down", -50, 1), stretch("up", 1, None)],
            [],
            0.9,
            "what was before is not counted",
        ),
    ],
)
def test_uptime_is_of_spans(stretches, planned, share, why):
    plans = [Planned(START + begin * HOUR, START + end * HOUR) for begin, end in planned]
    found = uptime.uptime(stretches, plans, since=START, now=START + 10 * HOUR)
    assert found == (pytest.approx(share) if share is not None else None), why


@pytest.mark.parametrize(
    ("health", "since", "expected", "why"),
    [
        ("up", 5, [("up", 0, 2), ("up", 2, None)], "it is what it was"),
        ("unknown", None, [("up", 0, 2), ("up", 2, None)], "nobody knows since when"),
        ("unknown", 5, [("up", 0, 2), ("up", 2, 5), ("unknown", 5, None)], "nobody confirms it"),
        ("unknown", 1, [("up", 0, 2), ("up", 2, 2), ("unknown", 2, None)], "not before it began"),
    ],
)
def test_what_nobody_confirms_any_more(health, since, expected, why):
    lines = [stretch("up", 0, 2), stretch("up", 2, None)]
    at = None if since is None else START + since * HOUR
    found = uptime.confirmed(lines, Health(health), at)
    assert found == [stretch(*one) for one in expected], why
