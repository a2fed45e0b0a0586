"""Telling people by API and panel, and what operators see of it."""

from typing import Any

import pytest

from portal.accounts.roles import Role, Scope
from portal.unit_of_work import By
from tests.conftest import Build
from tests.notify.deliveries import Told, an_incident, settings, subscribe
from tests.notify.post import Post, text_of
from tests.sites import Site

BASE = "/api/admin/runtime/maintenance"
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


def message_json(**values: Any) -> dict[str, Any]:
    return {"template": "operations", "values": VALUES, **values}


def test_a_dry_run_shows_every_message_and_sends_none(site: Site, post: Post):
    for name in ("ada", "eve"):
        subscribe(site, f"{name}@example.com")
    subscribe(site, "planned@example.com", topics=["maintenance"])
    headers = site.bearer(Scope.MAINTENANCE_WRITE)
    answer = site.client().post(
        f"{BASE}/notifications", json=message_json(dryRun=True), headers=headers
    )
    assert answer.status_code == 200
    said = answer.get_json()
    assert (said["id"], said["recipients"]) == (None, 2)
    by = {one["channel"]: one for one in said["messages"]}
    assert set(by) == {"mail", "slack", "teams", "webhook", "chat"}
    assert by["mail"]["subject"] == "[Test status] Message: [major] Payments fail"
    assert "Cards are refused" in by["mail"]["text"]
    assert "Cards are refused" in by["mail"]["html"]
    with Told(site) as told:
        told.run()
    assert post.taken == []


def test_what_is_sent_arrives_once(site: Site, post: Post):
    subscribe(site, "ada@example.com")
    headers = {**site.bearer(Scope.MAINTENANCE_WRITE), "Idempotency-Key": "one"}
    client = site.client()
    answers = [
        client.post(f"{BASE}/notifications", json=message_json(), headers=headers) for _ in range(2)
    ]
    assert [one.status_code for one in answers] == [202, 202]
    assert answers[0].get_json() == answers[1].get_json()
    with Told(site) as told:
        told.run()
    (mail,) = post.to("ada@example.com")
    assert "40 % of requests" in text_of(mail)
    listed = client.get(f"{BASE}/notifications", headers=site.bearer(Scope.MAINTENANCE_READ))
    (item,) = listed.get_json()["items"]
    assert (item["sent"], item["pending"], item["dead"]) == (1, 0, 0)
    assert listed.get_json()["subscribers"]["mail"] == 1
    assert "ada@example.com" not in listed.text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"values": {}}, "values"),
        ({"values": VALUES | {"surprise": "x"}}, "values"),
        ({"audiences": ["pubic"]}, "audiences"),
        ({"components": ["nothing"]}, "components"),
    ],
)
def test_what_cannot_be_filled_in_is_not_sent(site: Site, change: dict[str, Any], field: str):
    headers = site.bearer(Scope.MAINTENANCE_WRITE)
    for is_dry in (True, False):
        answer = site.client().post(
            f"{BASE}/notifications", json=message_json(dryRun=is_dry, **change), headers=headers
        )
        assert answer.status_code == 422
        assert field in str(answer.get_json()["errors"])
    listed = site.client().get(f"{BASE}/notifications", headers=headers | site.bearer())
    assert listed.get_json()["total"] == 0


def test_webhooks_are_added_listed_and_removed(site: Site):
    client, headers = site.client(), site.bearer(Scope.MAINTENANCE_WRITE, Scope.AUDIT_READ)
    body = {"url": "https://hooks.example.com/a?key=secret-path", "topics": ["incidents"]}
    made = client.post(f"{BASE}/subscribers", json=body, headers=headers)
    assert made.status_code == 201
    secret = made.get_json()["secret"]
    assert len(secret) == 48
    again = client.post(f"{BASE}/subscribers", json=body, headers=headers)
    assert again.status_code == 422
    listed = client.get(f"{BASE}/subscribers?kind=webhook", headers=headers)
    assert listed.get_json()["total"] == 1
    assert secret not in listed.text
    audit = client.get("/api/admin/runtime/audit?type=subscriber", headers=headers).text
    assert "hooks.example.com" in audit
    assert "secret-path" not in audit
    path = f"{BASE}/subscribers/{made.get_json()['id']}"
    assert client.delete(path, headers=headers).status_code == 204
    assert client.delete(path, headers=headers).status_code == 404
    for url in ("ftp://example.com/", "https://user:word@example.com/", "nothing at all"):
        answer = client.post(f"{BASE}/subscribers", json={"url": url}, headers=headers)
        assert answer.status_code == 422, url


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
