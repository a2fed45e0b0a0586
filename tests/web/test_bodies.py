"""What a body may be: its size, its type, its keys."""

import json
from datetime import timedelta

import pytest

from portal.settings import DeclaredWorker
from portal.status.announcements import AnnouncementIn
from tests.conftest import Build
from tests.sites import Site
from tests.web.problems import BASE, END, assert_nothing_stored, assert_problem


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
