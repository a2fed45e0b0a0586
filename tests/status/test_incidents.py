"""Incidents: references, timelines, impairment, captures and retrospectives."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from portal import clock
from portal.audit import chain, search
from portal.errors import NotFoundError, RuleError, StaleVersionError
from portal.status import incidents, retrospectives
from portal.status.components import ComponentIn, Impact, State
from portal.status.incidents import (
    Category,
    ImpactLevel,
    IncidentEdit,
    IncidentIn,
    NoteIn,
    Progress,
    UpdateIn,
    impacts,
)
from portal.status.retrospectives import Action, ActionKind, RetrospectiveIn
from portal.store.choices import Choice
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.sites import Site

API = "/api/admin/runtime/incidents"


def opened(site: Site, **fields: object) -> incidents.Incident:
    given = {"title": "Slow answers", "impact": ImpactLevel.MAJOR, "message": "We look into it."}
    return site.portal.status.incidents.open(By("operator-ann"), IncidentIn(**{**given, **fields}))


def shown(site: Site, reference: str) -> incidents.IncidentOut:
    with site.portal.core.open_session() as session:
        return incidents.out(session, incidents.find(session, reference))


def resolve(site: Site, reference: str, **fields: object) -> incidents.Incident:
    given = {
        "status": Progress.RESOLVED,
        "message": "All is well.",
        "root_cause_category": Category.DEPLOY,
    }
    return site.portal.status.incidents.update(
        By("operator-ann"), reference, UpdateIn(**{**given, **fields})
    )


def parts(site: Site, *slugs: str) -> None:
    for slug in slugs:
        site.portal.status.components.add(
            By("operator-ann"), ComponentIn(slug=slug, name=slug.title())
        )


def kinds(site: Site) -> list[str]:
    with site.portal.core.open_session() as session:
        assert list(chain.verify(session))[-1].first_bad_seq is None
        return [row.type for row in reversed(search.search(session, limit=100)[0])]


def test_references_count_by_year_without_gaps_or_doubles(either: Site, still: StandingClock):
    def one(number: int) -> str:
        return opened(either, title=f"No {number}").reference

    with ThreadPoolExecutor(6) as threads:
        made = sorted(threads.map(one, range(12)))
    assert made == [f"INC-2030-{number:04d}" for number in range(1, 13)]
    still.advance(days=300)
    assert opened(either).reference == "INC-2031-0001"


def test_an_incident_from_start_to_end(either: Site, still: StandingClock):
    parts(either, "api", "web")
    row = opened(
        either,
        components=[Impact(component="api", state=State.MAJOR)],
        started_at=still.moment - timedelta(minutes=10),
    )
    still.advance(minutes=5)
    either.portal.status.incidents.acknowledge(By("ben"), row.reference)
    either.portal.status.incidents.note(By("ben"), row.reference, NoteIn(message="A full disk?"))
    still.advance(minutes=5)
    either.portal.status.incidents.update(
        By("ben"),
        row.reference,
        UpdateIn(
            status=Progress.IDENTIFIED,
            message="A disk is full.",
            components=[
                Impact(component="api", state=State.PARTIAL),
                Impact(component="web", state=State.DEGRADED),
            ],
            next_update_at=still.moment + timedelta(minutes=30),
        ),
    )
    now = shown(either, row.reference)
    assert now.status is Progress.IDENTIFIED
    assert [(one.component, one.state) for one in now.components] == [
        ("api", State.PARTIAL),
        ("web", State.DEGRADED),
    ]
    assert [one.message for one in now.updates] == ["A disk is full.", "We look into it."]
    assert [one.message for one in now.notes] == ["A full disk?"]
    assert now.acknowledged_by == "ben"
    still.advance(minutes=5)
    resolve(either, row.reference)
    now = shown(either, row.reference)
    assert now.resolved_at == clock.now()
    assert now.root_cause_category is Category.DEPLOY
    assert now.next_update_at is None
    either.portal.board.refresh()
    picture = either.portal.board.current().picture
    assert {one.state for one in picture.components} == {State.OPERATIONAL}
    assert picture.open_incidents == ()
    assert [kind for kind in kinds(either) if kind.startswith("incident")] == [
        "incident.opened",
        "incident.acknowledged",
        "incident.noted",
        "incident.updated",
        "incident.resolved",
    ]


def test_a_note_at_the_opening_is_for_operators_alone(site: Site, still: StandingClock):
    row = opened(site, note="A full disk?")
    found = shown(site, row.reference)
    assert [one.message for one in found.updates] == ["We look into it."]
    assert [one.message for one in found.notes] == ["A full disk?"]
    assert kinds(site) == ["incident.opened", "incident.noted"]
    opened(site)
    assert kinds(site).count("incident.noted") == 1


def test_what_an_incident_has_touched_is_as_it_leaves_it(site: Site, still: StandingClock):
    parts(site, "api", "web", "mail")
    hurt = [Impact(component=slug, state=State.MAJOR) for slug in ("api", "web")]
    row = opened(site, components=hurt)
    still.advance(minutes=1)
    site.portal.status.incidents.update(
        By("ben"),
        row.reference,
        UpdateIn(
            status=Progress.IDENTIFIED,
            message="One is well.",
            components=[Impact(component="web", state=State.DEGRADED)],
        ),
    )
    with site.portal.core.open_session() as session:
        found = impacts.states(session, incidents.find(session, row.reference))
    assert found == {"api": "operational", "web": "degraded_performance"}


def test_a_list_can_be_of_one_component(site: Site, still: StandingClock):
    parts(site, "api", "web")
    first = opened(site, components=[Impact(component="api", state=State.MAJOR)])
    opened(site, components=[Impact(component="web", state=State.MAJOR)])
    opened(site)
    with site.portal.core.open_session() as session:
        choice = Choice(component="api")
        found, total = incidents.page(session, limit=9, offset=0, choice=choice)
        assert ([one.reference for one in found], total) == ([first.reference], 1)
        assert incidents.page(session, limit=9, offset=0)[1] == 3


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"status": Progress.RESOLVED}, "status"),
        ({"started_at": timedelta(minutes=1)}, "startedAt"),
        ({"next_update_at": timedelta(0)}, "nextUpdateAt"),
        ({"components": [Impact(component="none", state=State.MAJOR)]}, "components"),
        ({"components": [Impact(component="api", state=State.MAJOR)] * 2}, "components"),
    ],
)
def test_an_incident_that_cannot_be_leaves_nothing(
    either: Site, still: StandingClock, fields: dict[str, object], field: str
):
    parts(either, "api")
    before = kinds(either)
    given = {
        name: still.moment + value if isinstance(value, timedelta) else value
        for name, value in fields.items()
    }
    with pytest.raises(RuleError) as caught:
        opened(either, **given)
    assert caught.value.field == field
    assert kinds(either) == before
    with either.portal.core.open_session() as session:
        assert incidents.page(session, limit=10, offset=0) == ([], 0)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"root_cause_category": None}, "rootCauseCategory"),
        ({"status": Progress.MONITORING}, "rootCauseCategory"),
        ({"at": timedelta(minutes=1)}, "at"),
        ({"at": timedelta(days=-2)}, "at"),
        ({"next_update_at": timedelta(hours=1)}, "nextUpdateAt"),
        ({"components": [Impact(component="api", state=State.MAJOR)]}, "components"),
    ],
)
def test_an_update_that_contradicts_is_refused(
    either: Site, still: StandingClock, fields: dict[str, object], field: str
):
    parts(either, "api")
    row = opened(either)
    given = {
        name: still.moment + value if isinstance(value, timedelta) else value
        for name, value in fields.items()
    }
    with pytest.raises(RuleError) as caught:
        resolve(either, row.reference, **given)
    assert caught.value.field == field
    assert len(shown(either, row.reference).updates) == 1


def test_what_is_resolved_is_not_taken_up_again(site: Site, still: StandingClock):
    row = opened(site)
    resolve(site, row.reference)
    with pytest.raises(RuleError, match="Open a new one"):
        site.portal.status.incidents.update(
            By("a"), row.reference, UpdateIn(status=Progress.MONITORING, message="x")
        )
    # A word more after the end is fine, and moves the end of nothing.
    still.advance(minutes=5)
    end = shown(site, row.reference).resolved_at
    resolve(site, row.reference, message="P.S.")
    assert shown(site, row.reference).resolved_at == end


def test_two_with_one_version_update_it_once(either: Site, still: StandingClock):
    row = opened(either)
    given = UpdateIn(status=Progress.IDENTIFIED, message="x")
    either.portal.status.incidents.update(By("a", version=1), row.reference, given)
    with pytest.raises(StaleVersionError):
        either.portal.status.incidents.update(By("b", version=1), row.reference, given)
    with pytest.raises(NotFoundError):
        either.portal.status.incidents.update(By("b"), "INC-2030-9999", given)


def test_a_start_put_right_moves_what_began_with_it(either: Site, still: StandingClock):
    parts(either, "api")
    row = opened(either, components=[Impact(component="api", state=State.MAJOR)])
    earlier = still.moment - timedelta(hours=2)
    either.portal.status.incidents.edit(
        By("a", version=1),
        row.reference,
        IncidentEdit(title="Slow", impact=ImpactLevel.MINOR, started_at=earlier),
    )
    now = shown(either, row.reference)
    assert (now.started_at, now.updates[0].at) == (earlier, earlier)
    either.portal.board.refresh()
    (view,) = either.portal.board.current().picture.components
    assert view.events[0].minutes == 120


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


def test_nothing_internal_and_no_name_is_public(site: Site, still: StandingClock):
    parts(site, "api")
    site.portal.status.components.add(
        By("ann"), ComponentIn(slug="secret-core", name="Secret core", is_public=False)
    )
    row = opened(site, components=[Impact(component="api", state=State.MAJOR)])
    site.portal.status.incidents.note(
        By("operator-ann"), row.reference, NoteIn(message="planted-secret")
    )
    hidden = opened(
        site,
        title="For operations",
        message="hidden-words",
        audiences=["operations"],
        components=[Impact(component="api", state=State.MAJOR)],
    )
    resolve(site, row.reference)
    client = site.client()
    for path in ("/", "/banner", "/api/status", "/api/runtime/maintenance?includeResolved=true"):
        text = client.get(path).get_data(as_text=True)
        for secret in (
            "planted-secret",
            "operator-ann",
            "hidden-words",
            "Secret core",
            hidden.reference,
        ):
            assert secret not in text, (path, secret)
    # What only some may know of does not show in the state of a part either.
    assert client.get("/api/status").get_json()["components"][0]["state"] == "operational"
