"""How an alert ends: by its sender, by an operator, or because nobody tells of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal import clock
from portal.accounts.roles import Role, Scope
from portal.audit import search
from portal.status.components import ComponentIn
from portal.unit_of_work import By
from portal.worker import rounds
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.processes import Served
from tests.runtime.firings import (
    FINGERPRINT,
    FIRST,
    PATH,
    alert,
    delivery,
    episodes,
    push,
    state_of,
)
from tests.sites import Site


@pytest.mark.fault(39)
def test_an_operator_ends_what_its_sender_has_forgotten(either: Site, still: StandingClock):
    either.portal.status.components.add(By("a"), ComponentIn(slug="api", name="API"))
    headers = either.bearer(Scope.ALERTS_PUSH)
    fires = alert("firing", "2030-06-03T11:50:00Z", component="api")
    push(either, fires, headers=headers)
    person = either.signed_in(Role.OPERATOR)
    assert 'action="/panel/alerts/end"' in person.client.get("/panel").get_data(as_text=True)
    asked = {"alert": "HighLatency", "subject": FINGERPRINT}
    assert person.post("/panel/alerts/end", **asked).status_code == 303
    assert state_of(either, "api") == "operational"
    # Its sender goes on telling of the same firing, and later of another one.
    push(either, fires, headers=headers)
    assert state_of(either, "api") == "operational"
    push(either, {**fires, "startsAt": "2030-06-03T11:59:00Z"}, headers=headers)
    assert state_of(either, "api") == "partial_outage"
    may = either.bearer(Scope.INCIDENTS_WRITE)
    path = "/api/admin/runtime/alerts/end"
    for _ in range(2):
        ended = either.client().post(path, json=asked, headers=may)
        assert ended.get_json()["closedBy"] == "operator"
    assert state_of(either, "api") == "operational"
    with either.portal.core.open_session() as session:
        rows, total = search.search(session, event_type="monitoring.episode.ended")
    assert total == 2
    assert rows[-1].detail["alert"] == "HighLatency"


@pytest.mark.usefixtures("still")
def test_who_may_end_what(site: Site):
    push(site, FIRST, headers=site.bearer(Scope.ALERTS_PUSH))
    asked = {"alert": "HighLatency", "subject": FINGERPRINT}
    path = "/api/admin/runtime/alerts/end"
    reads = site.bearer(Scope.INCIDENTS_READ)
    assert site.client().post(path, json=asked, headers=reads).status_code == 403
    may = site.bearer(Scope.INCIDENTS_WRITE)
    nothing = {"alert": "Nothing", "subject": FINGERPRINT}
    assert site.client().post(path, json=nothing, headers=may).status_code == 404
    viewer = site.signed_in(Role.VIEWER)
    assert "/panel/alerts/end" not in viewer.client.get("/panel").get_data(as_text=True)


def test_the_portals_own_alerts_end_by_themselves(site: Site, still: StandingClock):
    site.scrape()
    still.advance(seconds=200)
    rounds.run_once(site.portal)
    may = site.bearer(Scope.INCIDENTS_WRITE)
    asked = {"alert": "exporter-stale", "subject": ""}
    answer = site.client().post("/api/admin/runtime/alerts/end", json=asked, headers=may)
    assert answer.status_code == 422


def test_the_panels_button_answers_htmx_with_the_alerts(site: Site, still: StandingClock):
    push(site, FIRST, headers=site.bearer(Scope.ALERTS_PUSH))
    person = site.signed_in(Role.OPERATOR)
    form = {"alert": "HighLatency", "subject": FINGERPRINT, "csrf_token": person.csrf()}
    answer = person.client.post("/panel/alerts/end", data=form, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "No alerts." in answer.get_data(as_text=True)


@pytest.mark.fault(39)
def test_what_is_not_told_again_lapses_and_says_so(either: Site, still: StandingClock):
    either.portal.status.components.add(By("a"), ComponentIn(slug="api", name="API"))
    headers = either.bearer(Scope.ALERTS_PUSH)
    fires = alert("firing", "2030-06-03T11:50:00Z", component="api")
    push(either, fires, headers=headers)
    still.advance(hours=7)
    push(either, fires, headers=headers)
    still.advance(hours=8)
    rounds.run_once(either.portal)
    assert state_of(either, "api") == "partial_outage"
    still.advance(seconds=1)
    rounds.run_once(either.portal)
    rounds.run_once(either.portal)
    assert state_of(either, "api") == "operational"
    page = either.signed_in(Role.VIEWER).client.get("/panel").get_data(as_text=True)
    assert "Answers are slow: not repeated by its sender" in page
    with either.portal.core.open_session() as session:
        assert search.search(session, event_type="monitoring.episode.lapsed")[1] == 1
    # Told again, it holds still, and did so all the time.
    push(either, fires, headers=headers)
    assert state_of(either, "api") == "partial_outage"
    assert episodes(either) == [("2030-06-03T11:50:00Z", None)]
    page = either.signed_in(Role.VIEWER).client.get("/panel").get_data(as_text=True)
    assert "not told again by its sender" not in page


def test_the_expiry_can_be_off(build: Build, still: StandingClock):
    site = build(alert_expires=None)
    push(site, FIRST, headers=site.bearer(Scope.ALERTS_PUSH))
    still.advance(days=30)
    rounds.run_once(site.portal)
    assert episodes(site)[0][1] is None


@pytest.mark.process
def test_alerts_are_listed_and_ended_from_the_command_line(served: Served):
    token = served.run("token", "create", "am", "--scope", "alerts:push").strip()
    fires = alert("firing", clock.iso(clock.now()))
    body = delivery(fires)
    assert served.post(PATH, body, Authorization=f"Bearer {token}").status == 200
    listed = served.run("alert", "list")
    assert f"HighLatency\t{FINGERPRINT}\tcritical\talertmanager" in listed
    assert "has ended" in served.run("alert", "end", "HighLatency", FINGERPRINT)
    assert "HighLatency" not in served.run("alert", "list")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path / "data", "--no-worker") as running:
        yield running
