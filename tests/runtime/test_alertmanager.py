"""Alertmanager's webhook: one episode a firing, however it is delivered."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.accounts.roles import Role, Scope
from portal.audit import chain, search
from portal.status.components import ComponentIn
from portal.unit_of_work import By
from portal.worker import rounds
from tests.clocks import StandingClock
from tests.runtime.firings import (
    AGAIN,
    ENDED,
    FINGERPRINT,
    FIRST,
    PATH,
    alert,
    delivery,
    episodes,
    push,
)
from tests.sites import Site


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
