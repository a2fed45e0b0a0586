"""Alerts as rules on a snapshot, each from its threshold on."""

from datetime import timedelta

import pytest

from portal.runtime import alerts
from portal.runtime.snapshot import Refused, Worker
from tests.clocks import StandingClock
from tests.sites import Site


def held(site: Site, **changes: object) -> list[str]:
    """The ids of what holds on a calm snapshot with one thing changed."""
    snapshot = site.portal.overview.take()
    for path, value in changes.items():
        *steps, last = path.split("__")
        target = snapshot
        for step in steps:
            target = getattr(target, step)
        setattr(target, last, value)
    return [one.id for one in alerts.hold(snapshot, runbook="/r")]


def refusals(site: Site, count: int, age: timedelta = timedelta()) -> list[Refused]:
    at = site.portal.overview.take().generated_at - age
    return [Refused(at=at, reference="r", address="192.0.2.1", rule="x", route="GET /")] * count


def worker(status: str = "healthy", stuck: int = 0) -> list[Worker]:
    return [
        Worker(
            name="w",
            status=status,
            is_required=False,
            pending=0,
            stuck=stuck,
            failed=0,
            interval_ms=1000,
            last_sample_at=None,
            note="",
            history=[],
        )
    ]


@pytest.mark.usefixtures("still")
def test_each_rule_holds_from_its_threshold_on(site: Site):
    assert held(site) == []
    window = "rate_limit__current_window__"
    truth = [
        ({f"{window}hits": 50, f"{window}blocked_ratio": 0.11}, ["rate-limit-pressure"]),
        ({f"{window}hits": 50, f"{window}blocked_ratio": 0.1}, []),
        ({f"{window}hits": 49, f"{window}blocked_ratio": 0.9}, []),
        ({"waf__recent_blocks": refusals(site, 20)}, ["waf-spike"]),
        ({"waf__recent_blocks": refusals(site, 19)}, []),
        ({"waf__recent_blocks": refusals(site, 25, timedelta(minutes=6))}, []),
        ({"waf__recent_blocks": refusals(site, 25), "waf__blocked_lately": 260}, ["waf-spike"]),
        ({"perimeter__recent": refusals(site, 20)}, ["perimeter-spike"]),
        ({"workers": worker("error")}, ["worker-error"]),
        ({"workers": worker("stopped")}, []),
        ({"workers": worker(stuck=1)}, ["worker-stuck"]),
        ({"database_pool__pending": 3}, ["pool-waiting"]),
        ({"database_pool__pending": 2}, []),
    ]
    for changes, expected in truth:
        assert held(site, **changes) == expected, changes


@pytest.mark.usefixtures("still")
def test_a_spike_has_its_whole_figure(site: Site, still: StandingClock):
    client = site.client()
    for _ in range(13):
        for _ in range(5):
            client.get("/history?month=1%20union%20select%20password%20from%20users")
        still.advance(seconds=20)
    taken = site.portal.overview.take()
    assert taken.waf.blocked + taken.perimeter.total_blocked == 65
    lately = {"waf-spike": taken.waf.blocked, "perimeter-spike": taken.perimeter.total_blocked}
    found = {one.id: one.value for one in taken.alerts if one.id in lately}
    assert found == {name: count for name, count in lately.items() if count >= 20}
    assert max(found.values()) > 25
    still.advance(minutes=6)
    assert site.portal.overview.take().waf.blocked_lately == 0
