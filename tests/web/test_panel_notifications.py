"""Notifications in the panel: what is told, and what could not be."""

from typing import Any

import pytest
from sqlalchemy import select

from portal import clock
from portal.accounts.roles import Role
from portal.notify import outbox
from portal.notify.outbox import Delivery, State
from portal.status import notices
from portal.status.components import ComponentIn
from portal.status.notices import Event, NoticeKind
from portal.status.templates import TemplateIn
from portal.store import engine
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.notify import crowd
from tests.people import Person
from tests.sites import Site
from tests.web.notifications import MESSAGE, WEBHOOK, subscribed, told
from tests.web.pages import hidden_of, recorded, text_of, value_of


@pytest.fixture
def person(site: Site, still: StandingClock) -> Person:
    site.portal.status.components.add(By("a"), ComponentIn(slug="api", name="The API"))
    site.portal.status.templates.save(
        By("a"), TemplateIn(name="late", title="{{what}} is late", message="It comes {{when}}.")
    )
    return site.signed_in(Role.OPERATOR)


def dead_letter(site: Site) -> int:
    """A delivery that was given up."""
    now = clock.now()
    with site.portal.core.open_session() as session:
        engine.begin_write(session)
        notices.put(
            session,
            NoticeKind.MESSAGE,
            Event.SENT,
            "late",
            notices.Content(title="The mail is late", audiences=["public"], channels=["api"]),
            now=now,
        )
        outbox.address(session, ["ops"], now=now)
        session.flush()
        row = session.scalars(select(Delivery)).first()
        assert row is not None
        row.state, row.error, row.settled_at = State.DEAD.value, "It answered 500.", now
        row.attempts = 6
        session.commit()
        return row.id


def test_a_dead_letter_is_shown_and_given_another_life(site: Site, person: Person):
    number = dead_letter(site)
    page = text_of(person.client.get("/panel/notifications"))
    for wanted in ("Could not be delivered", "It answered 500.", "6 tries"):
        assert wanted in page, wanted
    path = f"/panel/notifications/dead/{number}/retry"
    assert person.post(path).status_code == 303
    with site.portal.core.open_session() as session:
        row = session.get(Delivery, number)
        assert row is not None
        assert (row.state, row.attempts) == (State.PENDING, 0)
    assert "Could not be delivered" not in text_of(person.client.get("/panel/notifications"))
    assert len(recorded(site, "maintenance.notification.retried")) == 1
    # It is no dead letter any more.
    text_of(person.post(path), 404)


def test_a_message_is_looked_at_before_it_is_sent(site: Site, person: Person):
    page = text_of(person.client.get("/panel/notifications/new?template=late"))
    assert value_of(page, "value-what") == ""
    assert len(hidden_of(page, "key")) == 36
    shown = text_of(person.post("/panel/notifications/new", act="look", **MESSAGE))
    assert "The mail is late" in shown
    assert told(site) == []
    for _ in range(2):
        assert person.post("/panel/notifications/new", act="send", **MESSAGE).status_code == 303
    (row,) = told(site)
    assert (row.title, row.message) == ("The mail is late", "It comes tomorrow.")
    (event,) = recorded(site, "maintenance.notification.sent")
    assert (event.actor, event.detail["template"]) == (person.name, "late")


@pytest.mark.parametrize(
    "change", [{"value-when": ""}, {"audiences": ["everyone"]}, {"components": ["none"]}]
)
def test_a_message_that_is_not_right_keeps_its_text_and_is_not_sent(
    site: Site, person: Person, change: dict[str, Any]
):
    page = text_of(
        person.post("/panel/notifications/new", act="send", **{**MESSAGE, **change}), 422
    )
    assert value_of(page, "value-what") == "The mail"
    assert told(site) == []


def test_a_message_without_the_forms_key_is_not_sent(site: Site, person: Person):
    text_of(person.post("/panel/notifications/new", act="send", **{**MESSAGE, "key": ""}), 400)
    assert told(site) == []


def test_a_template_that_is_not_there_is_not_found(person: Person):
    text_of(person.client.get("/panel/notifications/new?template=none"), 404)


def test_a_viewer_sees_what_was_told_and_nobodys_address(site: Site, person: Person):
    person.post("/panel/notifications/webhooks", **WEBHOOK)
    number = dead_letter(site)
    viewer = site.signed_in(Role.VIEWER)
    page = text_of(viewer.client.get("/panel/notifications"))
    assert "The mail is late" in page
    for word in ("hooks.example.com", "Add a webhook", "Try again"):
        assert word not in page
    for path, form in (
        ("webhooks", WEBHOOK),
        ("new", {**MESSAGE, "act": "send"}),
        (f"dead/{number}/retry", {}),
        ("subscribers/1/removal", {}),
    ):
        assert viewer.post(f"/panel/notifications/{path}", **form).status_code == 403
    assert len(subscribed(site)) == 1


def test_the_panel_says_how_many_wait_and_until_when(build: Build, still: StandingClock):
    from portal.runtime import workers
    from portal.runtime.workers import WorkerIn, WorkerStatus
    from portal.settings import MailServer

    server = MailServer("127.0.0.1", 25, "offered")
    site = build(smtp_url=server, mail_from="x@y.example", mail_rate=20.0)
    crowd.gather(site, 2400)
    crowd.tell(site)
    crowd.address_all(site)
    report = WorkerIn(status=WorkerStatus.HEALTHY, pending=2400)
    site.portal.runtime.workers.report(workers.NOTIFICATIONS, report, actor="worker")
    text = text_of(site.signed_in(Role.ADMIN).client.get("/panel/notifications"))
    end = '<time datetime="2030-06-03T12:02:00Z" data-local>'
    assert f"the last at about {end}" in text
    assert f"until {end}" in text
    assert "20 a second" in text
