"""Grafana's own alerting, and names of components as other systems write them."""

import re

import pytest

from portal import clock
from portal.accounts.roles import Role, Scope
from portal.status.components import ComponentIn
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.runtime.firings import PATH, alert, push, state_of
from tests.sites import Site

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
