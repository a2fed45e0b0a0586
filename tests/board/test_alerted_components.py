"""What an alert says of a component, and whether anybody does."""

from typing import Any

import pytest
from sqlalchemy.orm import Session

from portal.status.components import State
from tests import rows
from tests.board.taken import part, take
from tests.instants import HOUR, NOW


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
