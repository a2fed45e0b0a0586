"""What an alert says of a component, and whether anybody does."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from portal.status.components import State
from tests import rows
from tests.board.taken import incident, moment, part, span, take
from tests.instants import HOUR, NOW, TICK


def episode(session: Session, **values: Any) -> None:
    told = {"alert": "worker-error", "subject": "jobs", "title": "T", "unit": ""}
    session.add(rows.episode(**{**told, **values}))


@pytest.mark.parametrize(
    ("alerts", "values", "state", "why"),
    [
        (["worker-error"], {}, State.DEGRADED, "it depends on the alert"),
        (["worker-error:jobs"], {}, State.DEGRADED, "or on the alert of one subject"),
        (["worker-error:other"], {}, State.OPERATIONAL, "not on that of another"),
        (["pool-waiting"], {}, State.OPERATIONAL, "nor on another alert"),
        ([], {"labels": {"component": "api"}}, State.OPERATIONAL, "ours names no component"),
        (
            [],
            {"labels": {"component": "api"}, "source": "alertmanager"},
            State.PARTIAL,
            "one of Alertmanager's may",
        ),
        (
            [],
            {"labels": {"component": "web"}, "source": "alertmanager"},
            State.OPERATIONAL,
            "it names another",
        ),
        (
            [],
            {"labels": {"component": "api"}, "source": "alertmanager", "severity": "warning"},
            State.DEGRADED,
            "it is not so bad",
        ),
        (["worker-error"], {"source": "alertmanager"}, State.DEGRADED, "without naming one"),
        (["worker-error"], {"closed_at": NOW - HOUR / 2}, State.OPERATIONAL, "it is over"),
        (
            [],
            {"labels": {"component": "api", "state": "major_outage"}, "source": "monitor"},
            State.MAJOR,
            "a monitor says how bad it is",
        ),
    ],
)
def test_an_alert_impairs_what_depends_on_it(session: Session, alerts, values, state, why):
    part(session, alerts=alerts)
    episode(session, **values)
    assert take(session).components[0].state is state, why


def test_a_label_of_an_alert_of_ours_names_no_component(session: Session):
    part(session, "web", alerts=["worker-error"])
    part(session, "api")
    episode(session, labels={"component": "api"})
    found = {one.slug: one.state for one in take(session).components}
    assert found == {"web": State.DEGRADED, "api": State.OPERATIONAL}


@pytest.mark.parametrize(
    ("values", "held", "is_watched", "why"),
    [
        ({}, None, False, "nobody speaks of it"),
        ({"alerts": ["pool-waiting"]}, None, True, "it depends on an alert"),
        ({"version": 2}, None, True, "an operator has changed it"),
        (
            {},
            {"labels": {"component": "api"}, "source": "alertmanager"},
            True,
            "an alert of others has named it",
        ),
        (
            {},
            {"labels": {"component": "api", "state": "major_outage"}, "source": "monitor"},
            False,
            "what a monitor says is known while it looks",
        ),
    ],
)
def test_whether_anybody_speaks_of_a_component(session: Session, values, held, is_watched, why):
    part(session, **values)
    if held is not None:
        episode(session, **held)
    (one,) = take(session).components
    assert one.is_watched is is_watched, why
    assert one.counts_from == (one.since if is_watched else None)
    # Only what has a monitor can have one that knows nothing, or a chart.
    assert (one.is_unknown, one.has_latency) == (False, False)


@pytest.mark.parametrize(
    ("changed", "hand", "state", "why"),
    [
        (None, -HOUR / 2, State.OPERATIONAL, "it was set after the alert opened"),
        (None, -HOUR, State.OPERATIONAL, "just as it opened"),
        (None, -HOUR - TICK, State.DEGRADED, "before it opened"),
        (-HOUR / 4, -HOUR / 2, State.DEGRADED, "the alert has changed since"),
        (-HOUR / 2, -HOUR / 2, State.OPERATIONAL, "just as it changed"),
    ],
)
def test_a_state_by_hand_counts_until_the_alert_changes(
    session: Session, changed: timedelta | None, hand: timedelta, state: State, why: str
):
    part(session, alerts=["worker-error"])
    episode(session, changed_at=moment(changed))
    span(session, hand, None, state="operational")
    assert take(session).components[0].state is state, why


def test_what_an_incident_does_leaves_an_alert_in_force(session: Session):
    """Only what an operator set for the component itself stands instead of an alert."""
    part(session)
    episode(session, labels={"component": "api"}, source="alertmanager")
    incident(session)
    span(session, -HOUR / 2, None, incident_id=1, state="degraded_performance")
    assert take(session).components[0].state is State.PARTIAL
