"""Alertmanager's webhook: one episode a firing, however it is delivered."""

import itertools
import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from portal import clock
from portal.accounts.roles import Role, Scope
from portal.audit import chain
from portal.runtime.episodes import Episode
from portal.status.components import ComponentIn
from portal.unit_of_work import By
from portal.worker import rounds
from tests.conftest import Site, StandingClock
from tests.processes import Served, free_port, needed, until

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
    assert told.get_json() == {"opened": 1, "closed": 0, "unchanged": 0}
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
        types = [row.type for row in chain.search(session, event_type="monitoring")[0]]
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


@pytest.mark.parametrize(
    "harm",
    [
        {"version": "3"},
        {"alerts": [{**FIRST, "status": "maybe"}]},
        {"alerts": [{**FIRST, "fingerprint": "../x"}]},
        {"alerts": [{**FIRST, "startsAt": "soon"}]},
        {"alerts": [FIRST] * 501},
    ],
)
@pytest.mark.usefixtures("still")
def test_what_is_no_delivery_is_refused_whole(site: Site, harm: dict):
    headers = site.bearer(Scope.ALERTS_PUSH)
    answer = site.client().post(PATH, json=delivery(FIRST) | harm, headers=headers)
    assert answer.status_code == 422, answer.get_json()
    assert episodes(site) == []


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
