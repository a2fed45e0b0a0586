"""Workers: reports, silence, and how long both are believed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from portal.runtime.workers import WorkerIn, WorkerStatus
from portal.settings import DeclaredWorker
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.runtime.reports import report, standing
from tests.sites import Site, figure

PROFILE = DeclaredWorker("profileEngagement", timedelta(seconds=30))


@pytest.fixture
def site(build: Build) -> Site:
    return build(workers_declared=(PROFILE,))


def test_the_runbooks_line_is_there_from_the_start(site: Site):
    text = site.scrape().get_data(as_text=True)
    assert 'gigvora_worker_queue_pending{worker="profileEngagement"} 0.0\n' in text
    assert figure(text, 'gigvora_worker_status{worker="profileEngagement"}') == 0
    assert standing(site).note == "Not seen yet"


def test_a_workers_words_cost_no_sample(site: Site):
    assert report(site, note="jobs\x00 wait " + "x" * 900).status_code == 200
    assert standing(site).note == ("jobs wait " + "x" * 900)[:200]


@pytest.mark.fault(31)
def test_reporting_then_silent_for_three_intervals(site: Site, still: StandingClock):
    answer = report(site, pending=3, stuck=1, failed=2)
    assert answer.status_code == 200
    text = site.scrape().get_data(as_text=True)
    worker = '{worker="profileEngagement"}'
    assert figure(text, f"gigvora_worker_status{worker}") == 1
    assert figure(text, f"gigvora_worker_queue_pending{worker}") == 3
    assert figure(text, f"gigvora_worker_queue_stuck{worker}") == 1
    assert figure(text, f"gigvora_worker_queue_failed{worker}") == 2
    assert figure(text, f"gigvora_worker_interval_ms{worker}") == 30_000
    stamp = figure(text, f"gigvora_worker_last_sample_timestamp{worker}")
    assert stamp == still.now().timestamp()
    report(site, pending=3)
    still.advance(seconds=89)
    assert standing(site).status == "healthy"
    still.advance(seconds=1)
    assert site.figure(f"gigvora_worker_status{worker}") == -1
    alerts = [one for one in site.portal.overview.take().alerts if one.id == "worker-error"]
    assert [one.subject for one in alerts] == ["profileEngagement"]
    ready = site.client().get("/health/ready")
    assert ready.status_code == 200
    report(site)
    assert site.portal.overview.take().alerts == []


def test_the_note_of_a_silent_worker_says_for_how_long(site: Site, still: StandingClock):
    report(site, note="all well")
    still.advance(seconds=89)
    assert standing(site).note == "all well"
    still.advance(seconds=1)
    assert standing(site).note == "No sample for 1 min 30 s"


@pytest.mark.parametrize(("seconds", "is_told"), [(29, True), (30, False)])
def test_a_report_that_was_left_for_long_says_nothing_any_more(
    site: Site, still: StandingClock, seconds: int, is_told: bool
):
    workers = site.portal.runtime.workers
    workers.hand_over("notifications", WorkerIn(status=WorkerStatus.HEALTHY, pending=7))
    left = still.now()
    still.advance(seconds=seconds)
    workers.report_all({}, actor="test")
    one = standing(site, "notifications")
    assert (one.pending, one.last_sample_at) == ((7, left) if is_told else (0, None))


def test_reports_at_once_lose_no_point(either: Site, still: StandingClock):
    workers = either.portal.runtime.workers

    def tell(number: int) -> None:
        sample = WorkerIn(status=WorkerStatus.HEALTHY, pending=number)
        workers.report("notifications", sample, actor="test")

    tell(0)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(tell, range(1, 20)))
    points = [one.pending for one in standing(either, "notifications").history]
    assert sorted(points) == list(range(20))


def test_a_worker_that_says_it_stops_is_no_error(site: Site, still: StandingClock):
    report(site, status="stopped", pending=0)
    still.advance(hours=1)
    assert standing(site).status == "stopped"
    assert site.portal.overview.take().alerts == []


def test_the_pending_line_keeps_the_last_hour(site: Site, still: StandingClock):
    for number in range(70):
        report(site, pending=number)
        still.advance(seconds=30)
    history = standing(site).history
    assert len(history) == 60
    assert [history[0].pending, history[-1].pending] == [10, 69]


def test_the_last_report_is_told_without_the_database(site: Site, still: StandingClock):
    report(site, pending=7)
    path = site.settings.data_dir / "portal.db"
    away = path.rename(path.with_suffix(".away"))
    assert site.figure('gigvora_worker_queue_pending{worker="profileEngagement"}') == 7
    still.advance(seconds=90)
    assert site.figure('gigvora_worker_status{worker="profileEngagement"}') == -1
    away.rename(path)
