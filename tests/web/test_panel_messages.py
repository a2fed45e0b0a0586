"""Telling people in the panel: looked at first, sent then, and tried again."""

import pytest

from portal.accounts.roles import Role
from portal.unit_of_work import By
from tests.conftest import Build
from tests.notify.deliveries import Told, an_incident, settings, subscribe
from tests.notify.post import Post
from tests.sites import Site

VALUES = {
    "title": "Payments fail",
    "severity": "major",
    "start": "12:00 UTC",
    "impact": "Cards are refused",
    "figures": "40 % of requests",
    "runbook": "/panel/runbook",
}


@pytest.fixture
def site(build: Build, post: Post) -> Site:
    return build(**settings(post))


def test_the_panel_shows_it_all_and_tries_again(site: Site, post: Post):
    subscribe(site, "ada@example.com")
    answers = iter(["550 5.1.1 <ada@example.com> unknown"])
    post.at_recipient = lambda address: next(answers, None)
    person = site.signed_in(Role.OPERATOR)
    with Told(site) as told:
        site.portal.status.incidents.open(By("test"), an_incident())
        told.run()
        page = person.client.get("/panel/notifications").text
        assert "Could not be delivered" in page
        assert "The recipient: 550 5.1.1 unknown" in page
        letter = page.split("/panel/notifications/dead/")[1].split("/")[0]
        assert person.post(f"/panel/notifications/dead/{letter}/retry").status_code == 303
        told.run()
    assert len(post.to("ada@example.com")) == 1
    assert "Could not be delivered" not in person.client.get("/panel/notifications").text
    viewer = site.signed_in(Role.VIEWER)
    assert "ada@example.com" not in viewer.client.get("/panel/notifications").text


def test_the_panel_looks_first_and_sends_then(site: Site, post: Post):
    subscribe(site, "ada@example.com")
    person = site.signed_in(Role.OPERATOR)
    form = {f"value-{name}": text for name, text in VALUES.items()}
    form |= {"template": "operations", "audiences": "public", "key": "k" * 12}
    shown = person.post("/panel/notifications/new", act="look", **form)
    assert "Send to 1 recipient" in shown.text
    assert "Cards are refused" in shown.text
    lacking = person.post("/panel/notifications/new", act="send", **(form | {"value-impact": ""}))
    assert lacking.status_code == 422
    for _ in range(2):
        assert person.post("/panel/notifications/new", act="send", **form).status_code == 303
    with Told(site) as told:
        told.run()
    assert len(post.to("ada@example.com")) == 1


def test_a_webhook_added_in_the_panel_shows_its_key_once(site: Site):
    person = site.signed_in(Role.OPERATOR)
    form = {"url": "https://hooks.example.com/x", "topics": "incidents"}
    shown = person.post("/panel/notifications/webhooks", **form)
    assert "shown only once" in shown.text
    refused = person.post("/panel/notifications/webhooks", **(form | {"url": "ftp://x.example/"}))
    assert refused.status_code == 422
    assert "shown only once" not in person.client.get("/panel/notifications").text
