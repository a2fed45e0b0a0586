"""Where a component's history is cut: as the ninety days begin, and as this day does."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from portal.board import published
from portal.board.history import History
from portal.status.components import State
from portal.status.incidents import Incident
from tests.board.taken import events, incident, part, span, take, window
from tests.instants import DAY, HOUR, MINUTE, NOW, TICK

MORNING = NOW - NOW.replace(hour=0)
BEGINS = -MORNING - 89 * DAY


@pytest.mark.parametrize(
    ("end", "today", "yesterday", "views", "why"),
    [
        (-MORNING - TICK, State.OPERATIONAL, State.MAJOR, 1, "it was over before this day"),
        (-MORNING, State.OPERATIONAL, State.MAJOR, 1, "it ended as this day began"),
        (-MORNING + TICK, State.MAJOR, State.MAJOR, 2, "it reaches into this day"),
    ],
)
def test_what_was_over_as_the_day_began_is_yesterdays(
    session: Session, end: timedelta, today: State, yesterday: State, views: int, why: str
):
    """Each look tells the same, and only what is of today is made again when time has passed."""
    history = History()
    part(session)
    span(session, -MORNING - HOUR, end)
    for step in (0, 5):
        session.flush()
        now = NOW + step * MINUTE
        (one,) = published.take(session, now=now, history=history).components
        assert one.states[-2:] == [yesterday, today], why
        assert one.uptime_of(90).down_seconds == (end + MORNING + HOUR).total_seconds()
    assert history.viewed == views, why


@pytest.mark.parametrize(("end", "is_told"), [(BEGINS, False), (BEGINS + TICK, True)])
def test_what_ended_as_the_ninety_days_begin_is_told_no_more(
    session: Session, end: timedelta, is_told: bool
):
    part(session)
    incident(session, started_at=NOW + BEGINS - DAY, resolved_at=NOW + BEGINS + HOUR)
    span(session, BEGINS - DAY, end, incident_id=1)
    window(session, components=["api"], starts_at=NOW + BEGINS - DAY, ends_at=NOW + end)
    told = [one.label for one in take(session).components[0].entries]
    assert sorted(told) == (["INC-1", "m-1"] if is_told else [])


def test_what_lasted_no_time_as_the_day_began_is_hidden_with_its_incident(session: Session):
    history = History()
    part(session)
    incident(session, started_at=NOW - MORNING)
    span(session, -MORNING, -MORNING, incident_id=1)

    def told() -> list[str]:
        session.flush()
        (one,) = published.take(session, now=NOW, history=history).components
        return [entry.label for entry in one.entries]

    assert told() == ["INC-1"]
    session.query(Incident).one().audiences = ["admin"]
    assert told() == []


def test_a_component_that_was_set_to_work_has_had_no_trouble(session: Session):
    part(session)
    span(session, -3 * HOUR, -HOUR, state="operational")
    assert events(session) == []
