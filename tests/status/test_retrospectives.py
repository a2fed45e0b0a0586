"""After the end: captures, findings, retrospectives and what is overdue of them."""

import hashlib
import json
from datetime import timedelta

from portal.status import retrospectives
from portal.status.incidents import Category
from portal.status.retrospectives import Action, ActionKind, RetrospectiveIn
from tests.clocks import StandingClock
from tests.sites import Site
from tests.status.timelines import opened, parts, resolve

API = "/api/admin/runtime/incidents"


def test_a_capture_is_what_its_hash_says_and_findings_name_the_figures(either: Site):
    headers = either.bearer()
    client = either.client()
    assert either.scrape().status_code == 200
    row = opened(either)
    made = client.post(f"{API}/{row.reference}/captures", headers=headers)
    assert made.status_code == 201, made.get_json()
    body = made.get_json()
    assert set(body) == {"id", "sha256", "capturedAt"}
    kept = client.get(f"{API}/{row.reference}/captures/{body['id']}", headers=headers)
    assert hashlib.sha256(kept.data).hexdigest() == body["sha256"]
    snapshot = json.loads(kept.data)
    text = client.get(f"{API}/{row.reference}/findings", headers=headers).get_data(as_text=True)
    assert body["sha256"] in text
    assert "gigvora_metrics_last_scrape_timestamp" in text
    assert f"| `gigvora_metrics_scrapes_total` | {snapshot['metrics']['scrapes']} |" in text
    assert client.get(
        f"{API}/INC-2030-0404/captures/{body['id']}", headers=headers
    ).status_code == (404)


def test_a_retrospective_follows_the_end_and_is_exported(either: Site, still: StandingClock):
    headers = either.bearer()
    client = either.client()
    row = opened(either)
    path = f"{API}/{row.reference}/retrospective"
    given = {
        "rootCauseCategory": "capacity",
        "rootCause": "A disk was full.",
        "impact": "Slow for an hour.",
        "actions": [
            {"kind": "alert", "text": "Warn at 80 %", "owner": "ann", "dueAt": "2030-06-10"},
            {"kind": "runbook", "text": "Say how to make room", "done": True},
        ],
        "published": False,
    }
    assert client.get(path, headers=headers).status_code == 404
    early = client.put(path, json=given, headers=headers)
    assert early.status_code == 422
    assert "only for a resolved incident" in early.get_json()["detail"]
    client.post(f"{API}/{row.reference}/captures", headers=headers)
    resolve(either, row.reference)
    kept = client.put(path, json=given, headers=headers)
    assert kept.status_code == 200, kept.get_json()
    assert kept.get_json()["actions"][0]["dueAt"] == "2030-06-10"
    stale = client.put(path, json=given, headers={**headers, "If-Match": '"7"'})
    assert stale.status_code == 412
    text = client.get(f"{path}/export", headers=headers).get_data(as_text=True)
    for wanted in (
        "# INC-2030-0001: Slow answers",
        "A disk was full.",
        "- [ ] (alert) Warn at 80 %, ann, due",
        "- [x] (runbook) Say how to make room",
        "(operator-ann): We look into it.",
        "gigvora_rate_limit_hits_total",
    ):
        assert wanted in text
    whole = client.get(f"{path}/export?format=json", headers=headers).get_json()
    assert whole["captures"][0]["figures"]["gigvora_metrics_scrapes_total"] == "0"
    assert whole["incident"]["rootCauseCategory"] == "capacity"
    with either.portal.core.open_session() as session:
        assert retrospectives.overdue(session, today=still.moment.date()) == []
        late = retrospectives.overdue(session, today=still.moment.date() + timedelta(days=8))
    assert [(one.reference, one.action.text) for one in late] == [("INC-2030-0001", "Warn at 80 %")]


def test_an_action_is_overdue_from_the_day_after():
    from datetime import date

    action = Action(kind=ActionKind.OTHER, text="x", due_at=date(2030, 6, 3))
    assert not action.is_overdue(date(2030, 6, 3))
    assert action.is_overdue(date(2030, 6, 4))
    assert not action.model_copy(update={"done": True}).is_overdue(date(2030, 6, 4))
    assert RetrospectiveIn(root_cause_category=Category.OTHER).actions == []


def test_the_api_takes_an_incident_whole(either: Site, still: StandingClock):
    parts(either, "api")
    client, headers = either.client(), either.bearer()
    given = {
        "title": "Down",
        "impact": "critical",
        "message": "We **know**.",
        "components": [{"component": "api", "state": "major_outage"}],
    }
    keyed = {**headers, "Idempotency-Key": "once"}
    made = client.post(API, json=given, headers=keyed)
    assert made.status_code == 201, made.get_json()
    again = client.post(API, json=given, headers=keyed)
    assert again.get_json() == made.get_json()
    reference = made.get_json()["reference"]
    assert client.get(f"{API}?open=true", headers=headers).get_json()["total"] == 1
    told = client.get("/api/status").get_json()
    assert told["indicator"] == "critical"
    assert told["description"] == "Major outage"
    assert told["components"][0]["state"] == "major_outage"
    assert told["incidents"][0]["reference"] == reference
    assert "<strong>know</strong>" in client.get("/").get_data(as_text=True)
    feed = client.get("/api/runtime/maintenance").get_json()["announcements"][0]
    assert (feed["kind"], feed["ref"], feed["severity"]) == ("incident", reference, "incident")
    wrong = client.post(f"{API}/{reference}/updates", json={"status": "done"}, headers=headers)
    assert wrong.status_code == 422
    done = client.post(
        f"{API}/{reference}/updates",
        json={"status": "resolved", "message": "Over.", "rootCauseCategory": "deploy"},
        headers=headers,
    )
    assert done.status_code == 201, done.get_json()
    assert client.get("/api/status").get_json()["indicator"] == "none"
