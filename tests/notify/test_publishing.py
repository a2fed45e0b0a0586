"""What the worker publishes by itself."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.notify import publishing
from portal.runtime.episode import Episode
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
    link = {"kind": "episode", "ref": "2"}
    incidents.open(By("ada"), IncidentIn(title="T", impact="minor", message="m", links=[link]))
    with open_session() as session:
        assert [publishing._is_known(session, number) for number in (1, 2)] == [False, True]
        notices.for_operators(
            session, Event.PUBLISHED, "episode-1", title="", message="", link="", now=NOW
        )
        assert [publishing._is_known(session, number) for number in (1, 3)] == [True, False]


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


@pytest.mark.parametrize("does", ["ends it", "tells of it"])
def test_what_an_operator_did_meanwhile_is_not_published(
    incidents: Incidents, open_session: Any, monkeypatch: pytest.MonkeyPatch, does: str
):
    with open_session() as session:
        session.add(
            rows.episode(alert="pool-waiting", subject="", title="Pool", opened_at=NOW - HOUR)
        )
        session.commit()
    open_one = Incidents.open

    def meanwhile(self: Incidents, by: By, new: IncidentIn, **more: Any) -> Incident:
        monkeypatch.undo()
        if does == "ends it":
            with open_session() as session:
                session.scalars(select(Episode)).one().closed_at = NOW
                session.commit()
        else:
            open_one(self, By("ada"), new)
        return open_one(self, by, new, **more)

    monkeypatch.setattr(Incidents, "open", meanwhile)
    settings: Any = SimpleNamespace(sustained_after=timedelta(minutes=5))
    assert publishing.publish(incidents, settings, runbook="/r") == []
    with open_session() as session:
        assert [one.opened_by for one in session.scalars(select(Incident))] == (
            [] if does == "ends it" else ["ada"]
        )
        assert [one for one in session.scalars(select(Notice)) if one.event == "published"] == []
