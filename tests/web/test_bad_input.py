"""Bad input: a clear problem, nothing stored, no traceback."""

import pytest

from portal import clock
from portal.accounts.roles import Role
from portal.status import windows
from tests.sites import Site
from tests.web.problems import BASE, END, assert_nothing_stored, assert_problem

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


@pytest.mark.parametrize(("path", "body", "field"), REFUSED)
def test_a_wrong_field_is_named(site: Site, path: str, body: dict, field: str):
    answer = site.client().post(path, json=body, headers=site.bearer())
    assert field in assert_problem(answer, 422)["errors"]
    assert_nothing_stored(site)


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
