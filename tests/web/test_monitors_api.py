"""Monitors over the API: made, changed, tried and refused; and the addresses of heartbeats."""

import pytest

from portal.accounts.roles import Role, Scope
from portal.settings import monitors as values
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.sites import Site
from tests.web.monitors import BASE, HTTP, send, stored
from tests.web.pages import recorded

BEAT = {"slug": "nightly", "name": "Nightly", "kind": "heartbeat", "periodSeconds": 86_400}


def test_one_is_made_read_changed_paused_copied_and_removed(either: Site):
    made = send(either, "POST", json=HTTP)
    assert made.status_code == 201, made.text
    body = made.get_json()
    assert (body["state"], body["expectedStatus"], body["downAfter"]) == (
        "unknown",
        "200-299",
        "2 of 3",
    )
    # Fields of other kinds are no fields of this one.
    assert "host" not in body
    assert "recordType" not in body
    stale = {"headers": {"If-Match": '"7"'}}
    assert send(either, "PUT", "/home", json=HTTP, **stale).status_code == 412
    changed = send(either, "PUT", "/home", json={**HTTP, "downAfter": "3 of 5"})
    assert changed.get_json()["downAfter"] == "3 of 5"
    paused = send(either, "PATCH", "/home", json={"action": "pause"})
    assert paused.get_json()["paused"] is True
    assert send(either, "PATCH", "/home", json={"action": "resume"}).get_json()["paused"] is False
    copy = send(either, "POST", "/home/copies", json={"slug": "home-2"})
    assert (copy.status_code, copy.get_json()["paused"]) == (201, True)
    assert send(either, "GET").get_json()["total"] == 2
    assert send(either, "GET", "/home/latency?period=week").get_json()["points"] == []
    assert send(either, "DELETE", "/home").status_code == 204
    assert send(either, "GET", "/home").status_code == 404
    assert [one.type for one in recorded(either, "monitor.")] == [
        "monitor.removed",
        "monitor.created",
        "monitor.resumed",
        "monitor.paused",
        "monitor.changed",
        "monitor.created",
    ]


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"url": None}, "url", "This field is required."),
        ({"url": "ftp://example.org/"}, "url", "An address begins with https:// or http://"),
        ({"url": "https://ada:secret@example.org/"}, "url", "Leave names and passwords out"),
        ({"host": "h"}, "host", "A monitor of the kind http has no such field."),
        ({"intervalSeconds": 5}, "intervalSeconds", "Use 10 or more."),
        ({"downAfter": "3 of 2"}, "downAfter", "Write how many of the last looks must fail"),
        ({"component": "nothing"}, "component", "No component has the slug nothing."),
        ({"dependsOn": ["nothing"]}, "dependsOn", "No monitor has the slug nothing."),
        ({"assertions": [{"path": "$.."}]}, "assertions.0.path", "Write a path such as"),
        ({"url": "http://127.0.0.1/"}, "url", "is not allowed"),
        ({"url": "http://169.254.169.254/latest"}, "url", "never called"),
        ({"mood": "good"}, "mood", "There is no such field."),
        ({"headers": {"X\r\nY": "z"}}, "headers.X\r\nY.[key]", "Use up to 60 letters"),
    ],
)
def test_what_is_not_right_is_said_by_field(site: Site, change: dict, field: str, said: str):
    sent = {name: value for name, value in {**HTTP, **change}.items() if value is not None}
    answer = send(site, "POST", json=sent)
    assert answer.status_code == 422, answer.text
    errors = answer.get_json()["errors"]
    assert said in errors[field][0], errors


def test_a_test_brings_the_whole_trace(build: Build):
    site = build(monitor_targets=values.targets("any"))
    sent = {"slug": "t", "name": "T", "kind": "tcp", "host": "127.0.0.1", "port": 1}
    answer = send(site, "POST", "/test", json=sent)
    body = answer.get_json()
    assert (body["outcome"], body["detail"]) == ("down", "Connection refused")
    assert set(body["phases"]) == {"dns", "connect"}
    assert send(site, "GET").get_json()["total"] == 0
    beat = send(site, "POST", "/test", json=BEAT)
    assert beat.status_code == 422


def test_operators_keep_to_the_targets_and_admins_need_not(site: Site):
    inner = {"slug": "inner", "name": "Inner", "kind": "tcp", "host": "10.1.2.3", "port": 22}
    operator, admin = site.signed_in(Role.OPERATOR), site.signed_in(Role.ADMIN)

    def form(**more: str) -> dict[str, str]:
        return {key: str(value) for key, value in {**inner, **more}.items()}

    assert "is not allowed" in operator.post("/panel/monitors", **form()).text
    assert admin.post("/panel/monitors", **form()).status_code == 303
    assert stored(site, "inner").is_free
    outer = form(slug="outer", host="93.184.216.34")
    assert admin.post("/panel/monitors", **outer).status_code == 303
    assert not stored(site, "outer").is_free, "everybody may"
    # What an admin chose may be renamed by others, and aimed by admins alone.
    path = "/panel/monitors/inner"
    renamed = operator.post(path, **form(name="Renamed", version="1"))
    assert renamed.status_code == 303, renamed.text
    assert stored(site, "inner").is_free
    aimed = operator.post(path, **form(host="10.9.9.9", version="2"))
    assert aimed.status_code == 422
    metadata = form(host="169.254.169.254", version="2")
    assert "never called" in admin.post(path, **metadata).text


def test_a_heartbeat_is_called_with_whatever_a_job_has(either: Site, still: StandingClock):
    made = send(either, "POST", json=BEAT).get_json()
    path = made["heartbeatUrl"].removeprefix(either.settings.url)
    client = either.client()
    for method, more in (("GET", ""), ("POST", ""), ("HEAD", ""), ("GET", "/0"), ("POST", "/7")):
        still.advance(seconds=1)
        answer = client.open(path + more, method=method)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert client.get(f"{path}/start").text == "OK\n"
    assert client.post(f"{path}/fail").text == "OK\n"
    for wrong in ("/256", "/maybe", "/-1"):
        assert client.get(path + wrong).status_code == 404
    assert client.get("/heartbeat/no-such-token").status_code == 404
    send(either, "PATCH", "/nightly", json={"action": "pause"})
    assert client.get(path).text == "Paused\n"
    # A job posts what it printed: that is no form of ours, and is not read.
    assert client.post(path, data=b"\x00" * 2000, content_type="text/plain").status_code == 200
    seen = either.client().get(BASE, headers=either.bearer(Scope.RUNTIME_READ))
    assert seen.status_code == 403
