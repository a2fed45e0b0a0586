"""What is offered for an alert: readers learn what is affected, operators the figures."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from portal.runtime import offers
from portal.runtime.episode import Episode
from portal.status.templates import MessageTemplate
from tests import rows
from tests.instants import NOW


@pytest.fixture
def session(session: Session) -> Session:
    session.add(
        MessageTemplate(
            name="operations",
            title="[{{severity}}] {{title}}",
            message="{{title}} since {{start}}. {{impact}}. {{figures}}. {{runbook}}",
            updated_at=NOW,
            version=1,
        )
    )
    return session


def episode(**values: Any) -> Episode:
    return rows.episode(
        **{
            "subject": "mailQueue",
            "opened_at": NOW - timedelta(minutes=20),
            "value": 17.0,
            "peak": 17.0,
            "threshold": 3.0,
            "labels": {"note": "inner note", "instance": "db-7.internal:9100"},
            **values,
        }
    )


def component(session: Session, slug: str, name: str, **values: Any) -> None:
    session.add(rows.component(slug, name=name, **values))


def offer(session: Session, row: Episode) -> offers.Text:
    return offers.offer(session, row, runbook="https://inner.example/runbook", now=NOW)


FOREIGN = {"alert": "CheckoutDown", "subject": "f00d", "source": "alertmanager", "value": 1.0}
INSIDE = (
    *("Jobs", "move", "worker", "mailQueue", "17", "limit", "critical"),
    *("inner", "db-7", "CheckoutDown", "f00d", "runbook", "{{"),
)


@pytest.mark.parametrize("values", [{}, FOREIGN, {"alert": "exporter-stale", "subject": ""}])
def test_nothing_from_inside_is_in_the_text_for_readers(session: Session, values):
    component(session, "web", "Website", alerts=["worker-stuck:mailQueue", "CheckoutDown"])
    for made in (
        offer,
        lambda *its: offers.complete(*its, runbook="https://inner.example", now=NOW),
    ):
        text = made(session, episode(**values))
        for word in INSIDE:
            assert word not in f"{text.title} {text.message}", word


def test_readers_learn_what_is_affected_and_since_when(session: Session):
    component(session, "web", "Website", alerts=["worker-stuck:mailQueue"], position=2)
    component(session, "api", "API", alerts=["worker-stuck"], position=1)
    component(session, "pay", "Payments", alerts=["worker-stuck:other"])
    component(session, "vault", "Vault", alerts=["worker-stuck"], is_public=False)
    text = offer(session, episode())
    assert text.title == "Problem with API and Website"
    assert text.message == (
        "Since 3 June, 11:40 UTC there has been a problem with API and Website."
        " We are looking into it and will post an update here."
    )


def test_an_alert_of_others_names_its_component_itself(session: Session):
    component(session, "web", "Website")
    text = offer(session, episode(**FOREIGN, labels={"component": "web"}))
    assert text.title == "Problem with Website"


def test_operators_have_the_figures_in_a_note(session: Session):
    component(session, "web", "Website", alerts=["worker-stuck"])
    assert offer(session, episode()).note == (
        "Jobs do not move since 2030-06-03T11:40:00Z. Website."
        " Jobs do not move: 17 jobs (limit 3), for 20 min. https://inner.example/runbook"
    )


def test_an_alert_of_others_has_no_figure_and_no_limit(session: Session):
    note = offer(session, episode(**FOREIGN, unit="alerts", threshold=0.0)).note
    assert "Jobs do not move, for 20 min." in note
    assert "limit" not in note


def test_the_alert_of_a_monitor_says_what_it_saw(session: Session):
    seen = {"component": "web", "text": "The certificate ends in 3 days"}
    note = offer(session, episode(source="monitor", labels=seen)).note
    assert "Jobs do not move, for 20 min: The certificate ends in 3 days." in note
    assert "limit" not in note


def test_without_the_template_of_operators_the_note_has_figures_all_the_same(session: Session):
    session.delete(session.get_one(MessageTemplate, "operations"))
    note = offer(session, episode()).note
    assert note == "Jobs do not move: 17 jobs (limit 3), for 20 min. https://inner.example/runbook"


def store(session: Session, title: str, message: str) -> None:
    """A template of one's own for the text for readers."""
    session.add(
        MessageTemplate(name="public", title=title, message=message, updated_at=NOW, version=2)
    )


def test_a_template_of_ones_own_keeps_the_places_that_a_person_fills(session: Session):
    store(session, "{{components}} is slow", "Since {{since}}. {{workaround}}")
    component(session, "web", "Website", alerts=["worker-stuck"])
    text = offer(session, episode())
    assert text.title == "Website is slow"
    assert text.message == "Since 3 June, 11:40 UTC. {{workaround}}"
    whole = offers.complete(session, episode(), runbook="", now=NOW)
    assert whole.title == "Problem with Website"
    assert whole.note in text.note


@pytest.mark.parametrize(
    ("title", "message", "told"),
    [
        ("{{components}} is slow", "Since {{since}}.", "Website is slow: Since 3 June, 11:40 UTC."),
        ("{{components}} is slow", "We look into it.", "Website is slow: We look into it."),
        ("Something is slow", "We look into it.", "Something is slow: We look into it."),
    ],
)
def test_a_template_of_ones_own_without_such_places_is_complete(
    session: Session, title: str, message: str, told: str
):
    store(session, title, message)
    component(session, "web", "Website", alerts=["worker-stuck"])
    whole = offers.complete(session, episode(), runbook="", now=NOW)
    assert f"{whole.title}: {whole.message}" == told
