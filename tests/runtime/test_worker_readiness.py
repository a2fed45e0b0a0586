"""What depends on workers: readiness, rounds, and who may report."""

from datetime import timedelta

import pytest

from portal.accounts.roles import Scope
from portal.runtime.workers import WorkerRow, seconds_to_round
from portal.settings import DeclaredWorker
from portal.worker.rounds import run_once
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.runtime.reports import PATH, report, standing
from tests.sites import Site

PROFILE = DeclaredWorker("profileEngagement", timedelta(seconds=30))


@pytest.fixture
def site(build: Build) -> Site:
    return build(workers_declared=(PROFILE,))


def test_a_supervised_worker_knows_what_its_supervisor_read(site: Site, still: StandingClock):
    workers = site.portal.runtime.workers
    workers.is_supervised = True
    with site.portal.core.open_session() as session:
        session.add(
            WorkerRow(
                name="profileEngagement",
                status="healthy",
                pending=7,
                stuck=0,
                failed=0,
                interval_ms=30_000,
                sampled_at=still.now(),
                reported_by="another",
                note="",
                history=[],
            )
        )
        session.commit()
    assert standing(site).last_sample_at is None
    workers.refresh()
    assert standing(site).pending == 7


@pytest.mark.parametrize(("boot", "left"), [(5000.0, 10), (5003.0, 7), (5009.5, 0.5)])
def test_all_begin_their_rounds_together(still: StandingClock, boot: float, left: float):
    still.boot = boot
    assert seconds_to_round() == left


def test_a_required_worker_decides_readiness(build: Build, still: StandingClock):
    required = DeclaredWorker("profileEngagement", timedelta(seconds=30), is_required=True)
    site = build(workers_declared=(required,))
    assert site.client().get("/health/ready").status_code == 503
    report(site)
    still.advance(seconds=3)
    assert site.client().get("/health/ready").status_code == 200
    still.advance(seconds=90)
    failed = site.client().get("/health/ready")
    assert failed.status_code == 503
    assert failed.get_json()["checks"]["worker:profileEngagement"][0]["status"] == "fail"
    assert site.scrape().status_code == 200


def test_who_may_report_and_what(site: Site):
    client = site.client()
    given = {"status": "healthy", "pending": 1}
    path = f"{PATH}/profileEngagement"
    assert client.put(path, json=given).status_code == 401
    reader = site.bearer(Scope.RUNTIME_READ)
    assert client.put(path, json=given, headers=reader).status_code == 403
    assert report(site, "mistyped").status_code == 404
    assert report(site, "portal").status_code == 409
    assert report(site, "notifications").status_code == 409
    for wrong in (
        {"status": "fine"},
        {"pending": -1},
        {"intervalMs": 10},
        {"note": 5},
        {"surprise": 1},
    ):
        assert report(site, **wrong).status_code == 422, wrong
    assert standing(site).last_sample_at is None
    listed = client.get(PATH, headers=reader).get_json()
    names = [one["name"] for one in listed["items"]]
    assert names == ["portal", "notifications", "profileEngagement"]


def test_the_portals_own_worker_reports_each_round(site: Site, still: StandingClock):
    run_once(site.portal)
    assert standing(site, "portal").status == "healthy"
    still.advance(seconds=30)
    assert standing(site, "portal").status == "error"
