"""Workers: reports, silence, queues looked at where they live, and what depends on them."""

import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy
from redis import Redis

from portal.accounts.roles import Scope
from portal.runtime import queues
from portal.runtime.workers import WorkerIn, WorkerRow, WorkerStatus, seconds_to_round
from portal.settings import DeclaredWorker, WorkerQueue
from portal.worker.rounds import run_once
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.processes import free_port, needed, until
from tests.sites import Site, figure

PATH = "/api/admin/runtime/workers"
PROFILE = DeclaredWorker("profileEngagement", timedelta(seconds=30))


@pytest.fixture
def site(build: Build) -> Site:
    return build(workers_declared=(PROFILE,))


def report(site: Site, name: str = "profileEngagement", **fields: object):
    given = {"status": "healthy", "pending": 3, **fields}
    headers = site.bearer(Scope.WORKERS_PUSH)
    return site.client().put(f"{PATH}/{name}", json=given, headers=headers)


def standing(site: Site, name: str = "profileEngagement"):
    return next(one for one in site.portal.overview.take().workers if one.name == name)


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
    for wrong in ({"status": "fine"}, {"pending": -1}, {"intervalMs": 10}, {"surprise": 1}):
        assert report(site, **wrong).status_code == 422, wrong
    assert standing(site).last_sample_at is None
    listed = client.get(PATH, headers=reader).get_json()
    names = [one["name"] for one in listed["items"]]
    assert names == ["portal", "notifications", "profileEngagement"]


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


def test_the_portals_own_worker_reports_each_round(site: Site, still: StandingClock):
    run_once(site.portal)
    assert standing(site, "portal").status == "healthy"
    still.advance(seconds=30)
    assert standing(site, "portal").status == "error"


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = shutil.which("redis-server")
    if program is None:
        assert not needed("redis")
        pytest.skip("needs redis-server: apt-get install redis-server")
    port = free_port()
    process = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""],
        cwd=tmp_path_factory.mktemp("redis"),
        stdout=subprocess.DEVNULL,
    )
    url = f"redis://127.0.0.1:{port}/0"

    def is_up() -> bool:
        try:
            return bool(Redis.from_url(url).ping())
        except OSError:
            return False
        except Exception:  # redis has its own tree of errors while it starts
            return False

    until(is_up, what="the start of Redis")
    yield url
    process.terminate()
    process.wait(60)


def test_a_redis_list_and_a_stream_are_read_where_they_live(redis: str):
    with Redis.from_url(redis) as client:
        client.rpush("jobs", *range(5))
        client.xgroup_create("events", "group", mkstream=True)
        for number in range(4):
            client.xadd("events", {"n": number})
        client.xreadgroup("group", "one", {"events": ">"}, count=1)
    seen = queues.measure(WorkerQueue("emails", "list", redis, "jobs"))
    assert (seen.status, seen.pending) == ("healthy", 5)
    seen = queues.measure(WorkerQueue("events", "stream", redis, "events group"))
    assert (seen.status, seen.pending, seen.stuck) == ("healthy", 4, 0)
    seen = queues.measure(WorkerQueue("events", "stream", redis, "events"))
    assert seen.pending == 4
    seen = queues.measure(WorkerQueue("events", "stream", redis, "events nobody"))
    assert seen.status == "error"


def test_a_query_gives_pending_stuck_and_failed(postgres: str, tmp_path: Path):
    for url in (postgres, f"sqlite:///{tmp_path / 'app.db'}"):
        engine = sqlalchemy.create_engine(url)
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text("CREATE TABLE job (state TEXT)"))
            for state in ("new", "new", "stuck"):
                connection.execute(sqlalchemy.text("INSERT INTO job VALUES (:s)"), {"s": state})
        query = "SELECT count(*), sum(CASE WHEN state = 'stuck' THEN 1 ELSE 0 END), 0 FROM job"
        seen = queues.measure(WorkerQueue("jobs", "sql", url, query))
        assert (seen.status, seen.pending, seen.stuck, seen.failed) == ("healthy", 3, 1, 0)
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text("DROP TABLE job"))
        assert queues.measure(WorkerQueue("jobs", "sql", url, query)).status == "error"
        engine.dispose()


def test_a_queue_that_cannot_be_read_does_not_stop_the_others(build: Build, tmp_path: Path):
    jobs, mails = (DeclaredWorker(name, timedelta(seconds=30)) for name in ("jobs", "mails"))
    app = tmp_path / "app.db"
    app.touch()
    site = build(
        workers_declared=(jobs, mails),
        worker_queues=(
            WorkerQueue("mails", "list", "redis://127.0.0.1:1/0", "jobs"),
            WorkerQueue("jobs", "sql", f"sqlite:///{app}", "SELECT 4"),
        ),
    )
    run_once(site.portal)
    assert standing(site, "mails").status == "error"
    assert "cannot be read" in standing(site, "mails").note
    assert standing(site, "jobs").pending == 4
