"""What impairs a component: incidents, windows and alerts, over ninety days."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from portal.board import published
from portal.board.history import History
from portal.status.components import Span, State
from portal.status.incidents import Incident
from tests.board.taken import events, incident, part, span, take, window
from tests.instants import DAY, HOUR, NOW, TICK

# What is over leaves the picture when a day turns, so that it stays the same all day.
MORNING = NOW - NOW.replace(hour=0)


def test_a_component_is_impaired_by_what_the_public_may_know(session: Session):
    part(session)
    incident(session, 1, audiences=["admin"])
    incident(session, 2)
    incident(session, 3, resolved_at=NOW - HOUR, status="resolved")
    span(session, -3 * HOUR, None, incident_id=1)
    assert events(session) == []
    span(session, -2 * HOUR, -HOUR, incident_id=2, state="partial_outage")
    assert events(session) == [(State.PARTIAL, ["INC-2"])]
    span(session, -4 * HOUR, -3 * HOUR, incident_id=3, state="degraded_performance")
    assert events(session) == [(State.PARTIAL, ["INC-3", "INC-2"])]
    span(session, -HOUR, None)
    assert events(session) == [(State.MAJOR, ["INC-3", "INC-2"])]
    assert take(session).components[0].state is State.MAJOR


@pytest.mark.parametrize(
    ("ago", "is_known"), [(89 * DAY + MORNING - TICK, True), (89 * DAY + MORNING, False)]
)
def test_an_incident_of_ninety_days_ago_is_forgotten(session: Session, ago, is_known):
    part(session)
    incident(session, resolved_at=NOW - ago, status="resolved", started_at=NOW - 95 * DAY)
    span(session, -HOUR, None, incident_id=1)
    assert bool(events(session)) is is_known


def test_windows_put_their_components_under_maintenance(session: Session):
    for slug in ("api", "web", "docs"):
        part(session, slug)
    window(session, reference="m-1", components=["nothing", "api"])
    window(session, reference="m-2", components=["web"], audiences=["admin"])
    window(
        session,
        reference="m-3",
        components=["docs"],
        effects={"docs": "partial_outage"},
        ended_at=NOW - HOUR / 2,
    )
    window(
        session,
        reference="m-4",
        components=["api"],
        starts_at=NOW - 95 * DAY,
        ends_at=NOW - 90 * DAY,
    )
    window(session, reference="m-5", components=["web"], starts_at=NOW + TICK)
    window(session, reference="m-6", components=["web"], cancelled_at=NOW)
    found = {one.slug: one for one in take(session).components}
    assert {slug: one.state for slug, one in found.items()} == {
        "api": State.UNDER_MAINTENANCE,
        "web": State.OPERATIONAL,
        "docs": State.OPERATIONAL,
    }
    assert [one.labels for one in found["api"].events] == [["m-1"]]
    assert found["web"].events == []
    assert [(one.state, one.minutes) for one in found["docs"].events] == [(State.PARTIAL, 30)]
    assert found["docs"].uptime == 1.0


def test_a_window_that_starts_now_counts(session: Session):
    part(session)
    window(session, components=["api"], starts_at=NOW)
    assert take(session).components[0].state is State.UNDER_MAINTENANCE


def test_what_went_on_and_is_over_does_not_go_on(session: Session):
    history = History()
    part(session)
    incident(session)
    span(session, -30 * HOUR, None)
    session.flush()
    assert published.take(session, now=NOW, history=history).components[0].state is State.MAJOR
    session.query(Span).one().ended_at = NOW
    session.flush()
    assert published.take(session, now=NOW, history=history).components[0].state is (
        State.OPERATIONAL
    )


def test_a_window_counts_two_days_before_it_begins(session: Session):
    part(session)
    for number, step in enumerate((timedelta(0), TICK)):
        starts = NOW + 2 * DAY + step
        window(
            session,
            reference=f"m-{number}",
            components=["api"],
            starts_at=starts,
            ends_at=starts + HOUR,
        )
    (one,) = take(session).components
    assert [found.label for found in one.ahead] == ["m-0"]


def test_what_was_is_read_again_when_it_was_changed(session: Session):
    history = History()
    part(session)
    span(session, -50 * HOUR, -48 * HOUR)

    def worst() -> list[State]:
        session.flush()
        shown = published.take(session, now=NOW, history=history).components[0]
        return [one.state for one in shown.events]

    assert worst() == worst() == [State.MAJOR]
    assert history.computed == 1, "days that are over are computed once"
    session.query(Span).one().state = State.PARTIAL.value
    assert worst() == [State.PARTIAL]
    assert history.computed == 2
    span(session, -HOUR, None)
    for minutes in (0, 5, 10):
        session.flush()
        published.take(session, now=NOW + timedelta(minutes=minutes), history=history)
    assert history.viewed == 5, "what goes on is seen anew"
    assert history.computed == 2, "and what is over is not"


def test_a_past_incident_that_is_hidden_later_leaves_no_trace(session: Session):
    history = History()
    part(session)
    started = NOW - 50 * HOUR
    incident(session, started_at=started, resolved_at=started + HOUR, status="resolved")
    span(session, -50 * HOUR, -49 * HOUR, incident_id=1)

    def labels() -> list[list[str]]:
        session.flush()
        shown = published.take(session, now=NOW, history=history).components[0]
        return [one.labels for one in shown.events]

    assert labels() == [["INC-1"]]
    session.query(Incident).one().audiences = ["admin"]
    assert labels() == []
