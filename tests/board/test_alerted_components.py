"""What an alert and a monitor say of a component, and whether anybody does."""

from typing import Any

import pytest
from sqlalchemy.orm import Session

from portal.monitors.states import MonitorSpan, MonitorState
from portal.runtime.episode import Episode
from portal.status.components import Component, State
from tests.board.taken import part, take, window
from tests.instants import DAY, HOUR, NOW
from tests.monitors.factories import monitor


def episode(session: Session, **values: Any) -> None:
    session.add(
        Episode(
            **{
                "alert": "worker-error",
                "subject": "jobs",
                "title": "T",
                "severity": "critical",
                "opened_at": NOW - HOUR,
                "seen_at": NOW,
                "closed_at": None,
                "value": 1.0,
                "peak": 1.0,
                "threshold": 0.0,
                "unit": "",
                "labels": {},
                "source": "portal",
                **values,
            }
        )
    )


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


def test_what_a_monitor_knows_counts_from_its_first_look(session: Session):
    part(session)
    first = NOW - 3 * DAY
    session.add(monitor(component="api"))
    session.flush()
    session.add(MonitorSpan(monitor_id=7, health="up", began_at=first, ended_at=None, detail=""))
    session.add(
        MonitorState(
            monitor_id=7, health="up", since=first, detail="", looked_at=NOW, answer="", blind=[]
        )
    )
    (one,) = take(session).components
    assert (one.is_watched, one.is_unknown) == (True, False)
    assert one.counts_from == first.date()
    session.query(Component).one().version = 2
    assert take(session).components[0].counts_from == one.since


def test_monitors_of_public_components_alone_are_public(session: Session):
    part(session, "api")
    part(session, "in", is_public=False)
    for number, slug in enumerate(("api", "in")):
        row = monitor(id=7 + number, slug=f"of-{slug}", component=slug, shows_latency=True)
        session.add(row)
    assert [one.slug for one in take(session).monitors] == ["of-api"]


def test_a_monitor_is_not_down_in_planned_maintenance(session: Session):
    part(session)
    session.add(monitor(component="api", shows_latency=True))
    session.flush()
    for health, begin, end in (("up", -9, -3), ("down", -3, -2), ("up", -2, None)):
        session.add(
            MonitorSpan(
                monitor_id=7,
                health=health,
                began_at=NOW + begin * HOUR,
                ended_at=None if end is None else NOW + end * HOUR,
                detail="",
            )
        )
    (one,) = take(session).monitors
    assert one.uptime == pytest.approx(8 / 9)
    window(session, components=["api"], starts_at=NOW - 4 * HOUR, ends_at=NOW - HOUR)
    (one,) = take(session).monitors
    assert one.uptime == 1.0
