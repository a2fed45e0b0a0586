"""Queues of workers, looked at where they live."""

import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy
from redis import Redis

from portal.runtime import queues
from portal.settings import DeclaredWorker, WorkerQueue
from portal.worker.rounds import run_once
from tests.conftest import Build
from tests.patience import needed, until
from tests.ports import free_port
from tests.runtime.reports import standing


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
