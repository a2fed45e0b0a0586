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
from portal.status.incidents import Incident, IncidentEdit, IncidentIn, Incidents
from portal.status.notices import Event, Notice
from portal.status.templates import MessageTemplate
from portal.unit_of_work import By
from tests import rows
from tests.clocks import StandingClock
from tests.instants import DAY, HOUR, MINUTE, NOW
from tests.queries import counted
from tests.sites import Site


@pytest.fixture
def incidents(open_session: Callable[[], Session], still: StandingClock) -> Incidents:
    return Incidents(open_session, lambda: None)


LASTING: Any = SimpleNamespace(sustained_after=timedelta(minutes=5))


def alert(number: int, **values: Any) -> Episode:
    named = {"id": number, "alert": "pool-waiting", "subject": f"pool {number}", "title": "Pool"}
    return rows.episode(**named, **values)


def test_what_somebody_told_of_is_not_published(incidents: Incidents, open_session: Any):
    with open_session() as session:
        session.add_all(alert(number) for number in (1, 2, 3))
        session.commit()
        link = {"kind": "episode", "ref": "2"}
        other = {"kind": "window", "ref": "3"}
        new = IncidentIn(title="T", impact="minor", message="m", links=[link, other])
        incidents.open(By("ada"), new)
        notices.for_operators(
            session, Event.PUBLISHED, "episode-1", title="", message="", link="", now=NOW
        )
        session.commit()
    publishing.publish(incidents, LASTING, runbook="/r")
    with open_session() as session:
        links = session.scalars(select(Incident.links).order_by(Incident.id)).all()
    assert links == [[link, other], [{"kind": "episode", "ref": "3"}]]


def test_an_older_incident_that_names_it_since_is_known(incidents: Incidents, open_session: Any):
    reference = incidents.open(
        By("ada"), IncidentIn(title="T", impact="minor", message="m", started_at=NOW)
    ).reference
    with open_session() as session:
        session.add(alert(1))
        session.scalars(select(Incident)).one().created_at = NOW - DAY
        session.commit()
    link = {"kind": "episode", "ref": "1"}
    edit = IncidentEdit(title="T", impact="minor", started_at=NOW, links=[link])
    incidents.edit(By("ada"), reference, edit)
    assert publishing.publish(incidents, LASTING, runbook="/r") == []


def test_what_was_told_of_long_ago_is_found_among_thousands(either: Site, still: StandingClock):
    with either.portal.core.open_session() as session:
        session.add_all(alert(number, opened_at=NOW - 90 * DAY) for number in range(1, 301))
        for number in range(1, 3001):
            # One of each ten names an alert, the first ones first.
            links = [{"kind": "episode", "ref": str(number // 10)}] if number % 10 == 0 else []
            at = NOW - 90 * DAY + number * MINUTE
            session.add(
                rows.incident(
                    reference=f"INC-2030-{number:04}", created_at=at, updated_at=at, links=links
                )
            )
        session.commit()
    with counted(either) as queries:
        assert publishing.publish(either.portal.status.incidents, LASTING, runbook="/r") == []
    queries.expect(2)


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
    opened = publishing.publish(incidents, LASTING, runbook="/r")
    assert len(opened) == (0 if impact is None else 1)
    assert publishing.publish(incidents, LASTING, runbook="/r") == []
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
    assert publishing.publish(incidents, LASTING, runbook="/r") == []
    with open_session() as session:
        assert [one.opened_by for one in session.scalars(select(Incident))] == (
            [] if does == "ends it" else ["ada"]
        )
        assert [one for one in session.scalars(select(Notice)) if one.event == "published"] == []
