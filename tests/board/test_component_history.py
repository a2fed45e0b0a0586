"""What is derived of a component, for now and for ninety days; on values."""

from datetime import UTC, date, datetime, timedelta

import pytest

from portal.board import components, days
from portal.board.days import Interval
from portal.status.components import State
from tests.board.parts import NOW, interval, part
from tests.instants import DAY


@pytest.mark.parametrize(
    ("intervals", "state", "why"),
    [
        ([], State.OPERATIONAL, "nothing is wrong"),
        ([interval(State.MAJOR, 2, 1)], State.OPERATIONAL, "it is over"),
        ([interval(State.MAJOR, 2, 0)], State.OPERATIONAL, "it ends now"),
        ([interval(State.DEGRADED, 1, None)], State.DEGRADED, "it goes on"),
        ([interval(State.DEGRADED, -1, None)], State.OPERATIONAL, "it has not begun"),
        (
            [interval(State.UNDER_MAINTENANCE, 1, -1), interval(State.PARTIAL, 1, None)],
            State.PARTIAL,
            "the worse wins",
        ),
    ],
)
def test_the_state_now(intervals: list[Interval], state: State, why: str):
    assert components.view(part(), intervals, now=NOW).state is state, why


@pytest.mark.parametrize(
    ("intervals", "hours", "why"),
    [
        ([], 0.0, "nothing was wrong"),
        ([interval(State.MAJOR, 6, 5)], 1.0, "an outage counts whole"),
        ([interval(State.PARTIAL, 6, 4)], 1.0, "a partial one by half"),
        ([interval(State.DEGRADED, 6, 4)], 0.0, "slow is not down"),
        ([interval(State.UNDER_MAINTENANCE, 6, 4)], 0.0, "a window is not down"),
        (
            [interval(State.MAJOR, 6, 4), interval(State.UNDER_MAINTENANCE, 5, 4)],
            1.0,
            "what a window covers is left out",
        ),
        (
            [interval(State.MAJOR, 6, 4), interval(State.PARTIAL, 7, 4)],
            2.5,
            "two at once count as the worse",
        ),
        ([interval(State.MAJOR, 14, 10)], 4.0, "over midnight"),
        ([interval(State.MAJOR, 3, None)], 3.0, "one that goes on counts until now"),
    ],
)
def test_uptime(intervals: list[Interval], hours: float, why: str):
    view = components.view(part(), intervals, now=NOW)
    # Of whole days, today among them.
    total = 90 * 24
    assert view.uptime == pytest.approx(1 - hours / total, abs=1e-6), why


def test_days_are_cut_at_midnight_and_named():
    view = components.view(part(), [interval(State.MAJOR, 14, 10, "INC-2030-0001")], now=NOW)
    assert [(one.day, one.minutes) for one in view.events] == [
        (date(2030, 6, 3), 120),
        (date(2030, 6, 2), 120),
    ]
    assert view.states[-2:] == [State.MAJOR, State.MAJOR]
    assert view.states[:-2] == [State.OPERATIONAL] * 88
    assert view.events[0].labels == ["INC-2030-0001"]


def test_days_before_the_first_are_without_data_and_do_not_count():
    view = components.view(part(since=date(2030, 6, 2)), [interval(State.MAJOR, 400, 37)], now=NOW)
    assert view.states == [None] * 88 + [State.OPERATIONAL] * 2
    assert view.uptime == 1.0


def test_the_history_agrees_with_a_walk_by_the_minute():
    import random

    chance = random.Random(7)
    states = [State.MAJOR, State.PARTIAL, State.DEGRADED, State.UNDER_MAINTENANCE]
    for _ in range(20):
        intervals = []
        for _ in range(6):
            begin = chance.randrange(1, 5000)
            end = chance.choice([None, chance.randrange(0, begin)])
            minute = timedelta(minutes=1)
            intervals.append(
                Interval(
                    chance.choice(states),
                    NOW - minute * begin,
                    None if end is None else NOW - minute * end,
                    "",
                )
            )
        view = components.view(part(since=date(2030, 5, 31)), intervals, now=NOW)
        begins = datetime(2030, 5, 31, tzinfo=UTC)
        down, moment = 0.0, begins
        worst: dict[date, State] = {}
        while moment < NOW:
            held = {
                one.state
                for one in intervals
                if one.began_at <= moment and (one.ended_at is None or one.ended_at > moment)
            }
            for state in held:
                if moment.date() not in worst or state.rank > worst[moment.date()].rank:
                    worst[moment.date()] = state
            if held and State.UNDER_MAINTENANCE not in held:
                down += max(days.WEIGHTS.get(state, 0.0) for state in held)
            moment += timedelta(minutes=1)
        assert view.uptime == pytest.approx(1 - down / (4 * DAY / timedelta(minutes=1)), abs=1e-6)
        assert {one.day: one.state for one in view.events} == worst
