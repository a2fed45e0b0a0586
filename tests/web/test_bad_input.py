"""Bad input: a clear problem, nothing stored, no traceback."""

import json
from datetime import timedelta

import pytest

from portal import clock
from portal.accounts.roles import Role
from portal.audit import search
from portal.settings import DeclaredWorker
from portal.status import announcements, windows
from portal.status.announcements import AnnouncementIn
from tests.conftest import Build
from tests.sites import Site

BASE = "/api/admin/runtime/maintenance"
END = "2999-01-01T00:00:00Z"

# path, body, field of the 422
REFUSED = [
    (BASE, {"title": "x", "audiences": ["publik"]}, "audiences.0"),
    (BASE, {"title": "x", "channels": ["fax"]}, "channels.0"),
    (BASE, {"title": "x", "severity": "bad"}, "severity"),
    (BASE, {"title": "x", "status": "gone"}, "status"),
    (BASE, {"title": "x", "mood": "good"}, "mood"),
    (BASE, {"title": "x", "message": "m" * 5001}, "message"),
    (BASE, {"title": "x" * 241}, "title"),
    (BASE, {"title": " "}, "title"),
    (BASE, {"title": "x", "startsAt": "2030-01-01T00:00:00"}, "startsAt"),
    (BASE, {"title": "x", "status": "active", "endsAt": "2001-01-01T00:00:00Z"}, "endsAt"),
    (BASE, {"title": "x", "audiences": []}, "audiences"),
    (f"{BASE}/windows", {"title": "x"}, "endsAt"),
    (f"{BASE}/windows", {"title": "x", "endsAt": END, "zone": "Mars/Base"}, "zone"),
    (f"{BASE}/windows", {"title": "x", "endsAt": "2001-01-01T00:00:00Z"}, "endsAt"),
    (f"{BASE}/notifications", {"template": "operations", "dryRun": True}, "values"),
]


def assert_problem(answer, status: int) -> dict:
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.content_type == "application/problem+json"
    body = answer.get_json()
    assert {"type", "title", "status", "detail"} <= set(body)
    assert body["status"] == status
    assert "Traceback" not in answer.get_data(as_text=True)
    return body


def assert_nothing_stored(site: Site) -> None:
    with site.portal.core.open_session() as session:
        assert announcements.listed(session, now=clock.now(), limit=5, offset=0)[1] == 0
        assert windows.listed(session, now=clock.now(), limit=5, offset=0)[1] == 0
        found, _ = search.search(session, event_type="announcement")
        assert found == []


@pytest.mark.parametrize(("path", "body", "field"), REFUSED)
def test_a_wrong_field_is_named(site: Site, path: str, body: dict, field: str):
    answer = site.client().post(path, json=body, headers=site.bearer())
    assert field in assert_problem(answer, 422)["errors"]
    assert_nothing_stored(site)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "",
        '{"title": NaN}',
        '{"title": "a", "title": "b"}',
        '{"title": "\\ud800"}',
        "[" * 100_000,
        '{"title": ' + "9" * 5000 + "}",
        b'{"title": "\xff"}',
    ],
)
@pytest.mark.fault(21)
def test_broken_json_is_refused(site: Site, text):
    answer = site.client().post(
        BASE, data=text, content_type="application/json", headers=site.bearer()
    )
    assert_problem(answer, 400)
    assert_nothing_stored(site)


def test_a_body_over_1_mib_is_refused_before_it_is_read(site: Site):
    body = json.dumps({"title": "x", "message": "m" * (1024 * 1024)})
    answer = site.client().post(
        BASE, data=body, content_type="application/json", headers=site.bearer()
    )
    assert_problem(answer, 413)


def test_a_long_address_and_long_headers_are_refused(site: Site):
    assert_problem(site.client().get("/api/status?" + "a" * 8200), 414)
    assert_problem(site.client().get("/api/status", headers={"X-Long": "a" * 33_000}), 431)


@pytest.mark.parametrize(
    "query",
    [
        "audience=publik",
        "channel=fax",
        "windowMinutes=4",
        "windowMinutes=1441",
        "windowMinutes=ten",
        "includeResolved=yes",
        "limit=0",
        "limit=51",
        "limit=1&limit=2",
        "audience",
        "audience=%ff",
    ],
)
def test_unknown_query_values_are_refused(site: Site, query: str):
    assert_problem(site.client().get(f"/api/runtime/maintenance?{query}"), 400)


@pytest.mark.fault(16)
def test_a_stale_if_match_gets_the_current_state(site: Site):
    client, headers = site.client(), site.bearer()
    made = client.post(BASE, json={"title": "One"}, headers=headers)
    ref = made.get_json()["slug"]
    assert made.headers["ETag"] == '"1"'
    again = {**headers, "If-Match": '"1"'}
    changed = client.put(f"{BASE}/{ref}", json={"title": "Two"}, headers=again)
    assert changed.headers["ETag"] == '"2"'
    stale = client.put(f"{BASE}/{ref}", json={"title": "Three"}, headers=again)
    assert assert_problem(stale, 412)["current"]["title"] == "Two"
    assert_problem(
        client.put(f"{BASE}/{ref}", json={"title": "x"}, headers={**headers, "If-Match": "no"}), 400
    )


@pytest.mark.fault(17)
def test_a_repeated_key_acts_once(either: Site):
    client, headers = either.client(), {**either.bearer(), "Idempotency-Key": "abc"}
    body = {"title": "Upgrade", "endsAt": END.replace("2999", "2027")}
    first = client.post(f"{BASE}/windows", json=body, headers=headers)
    second = client.post(f"{BASE}/windows", json=body, headers=headers)
    other = client.post(f"{BASE}/windows", json={**body, "title": "Else"}, headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.get_json() == second.get_json()
    assert_problem(other, 422)
    with either.portal.core.open_session() as session:
        assert windows.listed(session, now=clock.now(), limit=5, offset=0)[1] == 1


def test_an_audience_but_public_needs_a_token_that_has_it(site: Site):
    client, headers = site.client(), site.bearer()
    client.post(
        BASE,
        json={"title": "Inside", "status": "active", "audiences": ["operations"]},
        headers=headers,
    )
    path = "/api/runtime/maintenance?audience=operations"
    assert_problem(client.get(path), 401)
    told = client.get(path, headers=headers).get_json()
    assert [one["title"] for one in told["announcements"]] == ["Inside"]
    person = site.signed_in(Role.VIEWER)
    assert len(person.client.get(path).get_json()["announcements"]) == 1
    assert "Inside" not in client.get("/").get_data(as_text=True)
    assert "Inside" not in client.get("/api/status").get_data(as_text=True)


def test_the_method_must_fit_and_those_that_do_are_named(site: Site):
    reads, takes = "GET, HEAD, OPTIONS", "GET, HEAD, OPTIONS, POST"
    for method in ("TRACE", "CONNECT", "BREW", "DELETE"):
        for path, allowed in (
            ("/", reads),
            ("/api/status", reads),
            ("/health/live", reads),
            (BASE, takes),
            ("/panel/login", takes),
        ):
            answer = site.client().open(path, method=method)
            assert_problem(answer, 405)
            assert answer.headers["Allow"] == allowed, (method, path)
        answer = site.client().open("/api/status", method=method, headers={"Accept": "text/html"})
        assert answer.headers["Allow"] == reads


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "text/plain; charset=utf-8", "application/x-www-form-urlencoded", "", "text/x"],
)
def test_what_is_not_said_to_be_json_is_not_read_as_such(site: Site, kind: str):
    headers = site.bearer()
    text = json.dumps({"title": "x", "endsAt": END})
    for method, path in (("POST", BASE), ("POST", f"{BASE}/windows"), ("PUT", f"{BASE}/x")):
        answer = site.client().open(
            path, method=method, data=text, content_type=kind, headers=headers
        )
        detail = assert_problem(answer, 415)["detail"]
        assert detail == "Send JSON, with Content-Type: application/json."
    assert_nothing_stored(site)
    # Who may not write at all is told that first.
    assert_problem(site.client().post(BASE, data=text, content_type=kind), 401)


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "application/x+json"])
def test_json_by_its_other_names_is_read(site: Site, kind: str):
    text = json.dumps({"title": "x", "status": "draft"})
    answer = site.client().post(BASE, data=text, content_type=kind, headers=site.bearer())
    assert answer.status_code == 201


def test_machines_that_name_another_type_are_read_all_the_same(build: Build):
    site = build(workers_declared=(DeclaredWorker("jobs", timedelta(seconds=30)),))
    answer = site.client().put(
        "/api/admin/runtime/workers/jobs",
        data='{"status": "healthy", "pending": 1}',
        content_type="application/x-www-form-urlencoded",
        headers=site.bearer(),
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"title": "x", **{f"k{number}": 1 for number in range(255)}},
        {"title": "x", "mood": [{"deep": {f"k{number}": 1 for number in range(256)}}]},
        {f"k{number}": 1 for number in range(60_000)},
    ],
)
def test_an_object_of_more_keys_than_a_form_has_fields_is_refused_before_it_is_checked(
    site: Site, monkeypatch: pytest.MonkeyPatch, body: dict
):
    monkeypatch.setattr(AnnouncementIn, "model_validate", lambda *_, **__: pytest.fail("checked"))
    answer = site.client().post(BASE, json=body, headers=site.bearer())
    assert assert_problem(answer, 400)["detail"] == "A JSON object has 255 keys at most."


def test_an_object_of_as_many_keys_as_a_form_has_fields_is_checked(site: Site):
    body = {"title": "x", **{f"k{number}": 1 for number in range(254)}}
    answer = site.client().post(BASE, json=body, headers=site.bearer())
    assert len(assert_problem(answer, 422)["errors"]) == 254
