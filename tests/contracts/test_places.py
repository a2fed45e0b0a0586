"""No text that readers see leaves with a place that somebody was to fill in."""

from typing import Any

import pytest

from tests.sites import Site

BASE = "/api/admin/runtime"
TIMES = {"startsAt": "2030-06-03T13:00:00Z", "endsAt": "2030-06-03T14:00:00Z"}
TEXTS: list[tuple[str, dict[str, Any]]] = [
    ("maintenance", {"severity": "info", "status": "active"}),
    ("maintenance/windows", TIMES),
    ("maintenance/series", {**TIMES, "recurrence": "FREQ=WEEKLY;BYDAY=MO"}),
    ("incidents", {"impact": "minor"}),
]


@pytest.mark.parametrize(("path", "values"), TEXTS, ids=[path for path, _ in TEXTS])
@pytest.mark.parametrize("field", ["title", "message"])
def test_a_text_with_an_open_place_is_refused(site: Site, path: str, values, field: str):
    client, headers = site.client(), site.bearer()
    text = {
        "title": "A title",
        "message": "A message",
        field: "It is {{ impact }} of {{figures}} and {{parts}}.",
    }
    answer = client.post(f"{BASE}/{path}", json=values | text, headers=headers)
    assert answer.status_code == 422, answer.text
    (said,) = answer.get_json()["errors"][field]
    assert "still has a place to fill in: {{impact}}, {{figures}}." in said
    # Somebody may tell of a template that failed.
    text[field] = "Mails begin with {{ name }} or {{ 1 + 1 }}."
    answer = client.post(f"{BASE}/{path}", json=values | text, headers=headers)
    assert answer.status_code == 201, answer.text


def test_a_draft_may_wait_for_somebody_to_fill_it_in(site: Site):
    client, headers = site.client(), site.bearer()
    text = {"title": "T", "message": "{{impact}}", "severity": "info", "status": "draft"}
    made = client.post(f"{BASE}/maintenance", json=text, headers=headers)
    assert made.status_code == 201, made.text
    path = f"{BASE}/maintenance/{made.get_json()['slug']}/status"
    answer = client.patch(path, json={"status": "active"}, headers=headers)
    assert answer.status_code == 422
    assert "{{impact}}" in answer.get_json()["errors"]["message"][0]


def test_nor_is_an_update_or_an_edit(site: Site):
    client, headers = site.client(), site.bearer()
    made = client.post(
        f"{BASE}/incidents", json={"title": "T", "message": "m", "impact": "minor"}, headers=headers
    ).get_json()
    path = f"{BASE}/incidents/{made['reference']}"
    update = {"status": "identified", "message": "{{impact}}"}
    assert client.post(f"{path}/updates", json=update, headers=headers).status_code == 422
    edit = {"title": "{{impact}}", "impact": "minor", "startedAt": made["startedAt"]}
    assert client.put(path, json=edit, headers=headers).status_code == 422
    # A note is no text for readers.
    note = {"message": "{{impact}} is what the template calls it"}
    assert client.post(f"{path}/notes", json=note, headers=headers).status_code == 201
