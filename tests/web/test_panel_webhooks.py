"""Webhooks and subscribers in the panel: added, removed and counted."""

from typing import Any

import pytest

from portal.accounts.roles import Role
from portal.notify.subscribers import WebhookIn
from portal.status.components import ComponentIn
from portal.status.templates import TemplateIn
from portal.unit_of_work import By
from portal.web.panel import notifications
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.notify import crowd
from tests.people import Person
from tests.sites import Site
from tests.web.notifications import WEBHOOK, subscribed
from tests.web.pages import recorded, text_of, value_of

LISTING = "/api/admin/runtime/maintenance/notifications"


@pytest.fixture
def person(site: Site, still: StandingClock) -> Person:
    site.portal.status.components.add(By("a"), ComponentIn(slug="api", name="The API"))
    site.portal.status.templates.save(
        By("a"), TemplateIn(name="late", title="{{what}} is late", message="It comes {{when}}.")
    )
    return site.signed_in(Role.OPERATOR)


def test_a_webhook_is_added_for_what_was_ticked(site: Site, person: Person):
    form = {**WEBHOOK, "topics": ["incidents", "maintenance"], "components": ["api"]}
    page = text_of(person.post("/panel/notifications/webhooks", **form))
    (row,) = subscribed(site)
    assert (row.topics, row.components) == (["incidents", "maintenance"], ["api"])
    assert row.confirmed_at is not None
    assert row.secret in page
    (event,) = recorded(site, "subscriber.webhook.added")
    # The log names the host alone: a path may hold a secret.
    assert event.detail == {"subscriber": row.id, "host": "hooks.example.com"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"url": "ftp://hooks.example.com/"}, "http"),
        ({"url": ""}, "This field must not be empty."),
        ({"topics": []}, "Choose at least one."),
        ({"topics": ["gossip"]}, "Use 'incidents'"),
        ({"components": ["none"]}, "No component has the slug none."),
    ],
)
def test_a_webhook_that_cannot_be_keeps_its_text(
    site: Site, person: Person, change: dict[str, Any], said: str
):
    sent = {**WEBHOOK, **change}
    page = text_of(person.post("/panel/notifications/webhooks", **sent), 422)
    assert "Nothing was saved" in page
    assert said in page
    assert value_of(page, "url") == sent["url"]
    assert subscribed(site) == []


def test_the_same_webhook_is_added_once(site: Site, person: Person):
    person.post("/panel/notifications/webhooks", **WEBHOOK)
    page = text_of(person.post("/panel/notifications/webhooks", **WEBHOOK), 422)
    assert "This address is told already." in page
    assert len(subscribed(site)) == 1


def test_a_subscriber_is_removed_and_only_the_number_stays(site: Site, person: Person):
    person.post("/panel/notifications/webhooks", **WEBHOOK)
    (row,) = subscribed(site)
    path = f"/panel/notifications/subscribers/{row.id}/removal"
    page = text_of(person.client.get("/panel/notifications"))
    # Whoever knows the whole address can write there.
    assert "https://hooks.example.com/…" in page
    assert "hooks.example.com/x" not in page
    assert person.post(path).status_code == 303
    assert subscribed(site) == []
    (event,) = recorded(site, "subscriber.removed")
    assert event.detail == {"subscriber": row.id, "kind": "webhook"}
    text_of(person.post(path), 404)


def test_many_subscribers_are_counted_so_far_and_paged_to_their_end(
    build: Build, still: StandingClock, monkeypatch: pytest.MonkeyPatch
):
    site = build(smtp_url="smtp://127.0.0.1:9", mail_from="status@example.com")
    person = site.signed_in(Role.OPERATOR)
    monkeypatch.setattr(notifications, "MOST_COUNTED", 65)
    crowd.gather(site, 65)
    page = text_of(person.client.get("/panel/notifications"))
    assert "65 people" in page
    assert "1 to 30 of 65" in page
    site.portal.notify.subscribers.add_webhook(By("a"), WebhookIn.model_validate(WEBHOOK))
    crowd.gather(site, 30, prefix="q")
    page = text_of(person.client.get("/panel/notifications"))
    assert "more than 65 people" in page
    assert "<span>Webhooks</span><span>1</span>" in page
    assert "1 to 30 of more than 65" in page
    page = text_of(person.client.get("/panel/notifications?subscribers=60"))
    assert "61 to 90 of more than 65" in page
    assert 'rel="next" href="?subscribers=90"' in page
    page = text_of(person.client.get("/panel/notifications?subscribers=90"))
    assert "91 to 96 of more than 65" in page
    assert 'rel="next"' not in page
    # The API says how many, by contract.
    listing = site.client().get(LISTING, headers=site.bearer())
    assert listing.json["subscribers"]["mail"] == 95
