"""Telling people by the API: rehearsed, sent once, and refused with an open place."""

from typing import Any

import pytest

from portal.accounts.roles import Scope
from tests.conftest import Build
from tests.notify.deliveries import Told, settings, subscribe
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
