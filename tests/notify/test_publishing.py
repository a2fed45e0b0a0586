"""What the worker publishes by itself."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.notify import publishing
from portal.status import notices
from portal.status.incidents import Incident, IncidentIn, Incidents
from portal.status.notices import Event, Notice
from portal.status.templates import MessageTemplate
from portal.unit_of_work import By
from tests import rows
from tests.clocks import StandingClock
from tests.instants import HOUR, NOW


@pytest.fixture
def incidents(open_session: Callable[[], Session], still: StandingClock) -> Incidents:
    return Incidents(open_session, lambda: None)


def test_what_somebody_told_of_is_not_published(incidents: Incidents, open_session: Any):
    assert not publishing._is_known(incidents, 1)
    link = {"kind": "episode", "ref": "2"}
    incidents.open(By("ada"), IncidentIn(title="T", impact="minor", message="m", links=[link]))
    assert publishing._is_known(incidents, 2)
    assert not publishing._is_known(incidents, 1)
    with open_session() as session:
        notices.for_operators(
            session, Event.PUBLISHED, "episode-1", title="", message="", link="", now=NOW
        )
        session.commit()
    assert publishing._is_known(incidents, 1)
    assert not publishing._is_known(incidents, 3)


@pytest.mark.parametrize(
    ("severity", "age", "impact"),
    [("critical", HOUR, "major"), ("warning", HOUR, "minor"), ("critical", timedelta(0), None)],
)
def test_an_alert_that_lasts_is_published_once(
    incidents: Incidents, open_session: Any, severity, age, impact
):
    with open_session() as session:
        session.add(
            MessageTemplate(
                name="public",
                title="{{components}}",
                message="{{somebody}} has to fill this in",
                updated_at=NOW,
                version=1,
            )
        )
        session.add(
            rows.episode(
                alert="pool-waiting",
                subject="",
                title="Pool waiting",
                severity=severity,
                opened_at=NOW - age,
                unit="s",
            )
        )
        session.commit()
    settings: Any = SimpleNamespace(sustained_after=timedelta(minutes=5))
    opened = publishing.publish(incidents, settings, runbook="/r")
    assert len(opened) == (0 if impact is None else 1)
    assert publishing.publish(incidents, settings, runbook="/r") == []
    if impact is not None:
        with open_session() as session:
            found = [one.event for one in session.scalars(select(Notice).order_by(Notice.id))]
            row = session.scalars(select(Incident)).one()
        assert found == ["opened", "published"]
        assert (row.impact, row.started_at) == (impact, NOW - age)
        # Nobody is there to fill a place in: the text that ships goes out.
        assert row.title == "Problem with our service"
