"""Processes killed while they write, start and drain."""

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy

from tests.databases import fresh_database
from tests.faults.invariants import bearer, holds
from tests.patience import until
from tests.process_trees import children, web_processes
from tests.processes import Served
from tests.sites import figure

pytestmark = pytest.mark.process

MAINTENANCE = "/api/admin/runtime/maintenance"


def pairs(url: str) -> tuple[list[str], list[str], int]:
    """Slugs of announcements, slugs in their audit events, and the revision."""
    engine = sqlalchemy.create_engine(url)
    with engine.connect() as connection:
        rows = connection.execute(sqlalchemy.text("SELECT slug FROM announcement")).scalars()
        stored = sorted(rows)
        events = connection.execute(
            sqlalchemy.text("SELECT detail FROM audit_event WHERE type = 'announcement.created'")
        ).scalars()
        told = [json.loads(one) if isinstance(one, str) else one for one in events]
        number = connection.execute(
            sqlalchemy.text("SELECT number FROM revision WHERE id = 1")
        ).scalar_one()
    engine.dispose()
    return stored, sorted(one["ref"] for one in told), int(number)


@pytest.mark.fault(13)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.slow
def test_web_processes_killed_while_they_write(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
):
    settings = {"PORTAL_RATE_LIMIT": "100000/minute"}
    url = f"sqlite:///{tmp_path / 'data' / 'portal.db'}"
    if kind == "postgresql":
        url = settings["PORTAL_DATABASE_URL"] = fresh_database(request.getfixturevalue("postgres"))
    with Served(tmp_path / "data", "--workers", "2", **settings) as served:
        headers = bearer(served, "maintenance:write")
        _, _, start = pairs(url)
        taken: list[str] = []
        stop = threading.Event()

        def write(name: int) -> None:
            number = 0
            while not stop.is_set():
                number += 1
                slug = f"n{name}-{number}"
                body = {"title": slug, "slug": slug}
                if served.post(MAINTENANCE, body, **headers).status == 201:
                    taken.append(slug)

        writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
        for one in writers:
            one.start()
        before = 0.0
        for _ in range(6):
            count = len(taken)
            until(lambda count=count: len(taken) > count + 5, what="writes")
            os.kill(web_processes(served)[0], signal.SIGKILL)
            until(lambda: len(web_processes(served)) == 2, what="the return")
            text = until(lambda: served.scrape().text, what="a scrape")
            hits = figure(text, "gigvora_rate_limit_hits_total")
            assert hits >= before
            before = hits
        stop.set()
        for one in writers:
            one.join()
        holds(served)
        stored, told, number = pairs(url)
        assert stored == told
        assert set(taken) <= set(stored)
        assert number == start + len(stored)


@pytest.mark.fault(14)
def test_the_service_killed_while_it_drains_is_back_in_ten_seconds(tmp_path: Path):
    with Served(tmp_path / "data", "--workers", "2", PORTAL_DRAIN_DELAY="60s") as served:
        served.run("maintenance", "start", "--title", "Work", "--duration", "1h")
        assert served.process is not None
        served.process.send_signal(signal.SIGTERM)
        until(lambda: served.get("/health/ready").status == 503, what="the drain")
        served.process.kill()
        served.process.wait()
        begun = time.monotonic()
        until(lambda: served.get("/health/live").status == 0, what="the end of what it left")
        served.environ["PORTAL_DRAIN_DELAY"] = "0"
        with served:
            until(lambda: "Work" in served.get("/").text, what="the page")
            assert time.monotonic() - begun < 60
            holds(served)
            pids = {share["pid"] for share in _shares(served)}
            assert pids <= set(web_processes(served))


def _shares(served: Served) -> list[dict[str, int]]:
    files = (served.folder / "run").glob("node*/*.json")
    return [json.loads(path.read_text()) for path in files]


@pytest.mark.fault(15)
@pytest.mark.slow
def test_another_worker_takes_over_from_one_that_sleeps(tmp_path: Path, postgres: str):
    url = fresh_database(postgres)
    with (
        Served(tmp_path / "one", PORTAL_DATABASE_URL=url) as first,
        Served(tmp_path / "two", PORTAL_DATABASE_URL=url) as second,
    ):
        engine = sqlalchemy.create_engine(url)

        def lease() -> tuple[str, int]:
            with engine.connect() as connection:
                row = connection.execute(sqlalchemy.text("SELECT holder, fence FROM lease")).first()
            return (row[0], row[1]) if row else ("", 0)

        holder, fence = until(lambda: lease() if lease()[1] else None, what="a leader")
        pid = int(holder.split(":")[1])
        leader = first if pid in children(first.process.pid) else second
        os.kill(pid, signal.SIGSTOP)
        until(lambda: lease()[0] != holder, what="another leader")
        assert lease()[1] == fence + 1
        os.kill(pid, signal.SIGCONT)
        until(
            lambda: "worker.lease_lost" in leader.output or "worker.stands_by" in leader.output,
            what="the sleeper's notice",
        )
        assert lease()[1] == fence + 1
        engine.dispose()
        for one in (first, second):
            holds(one)


@pytest.mark.fault(28)
def test_a_stop_during_the_start_leaves_a_database_that_the_next_start_can_use(tmp_path: Path):
    served = Served(tmp_path / "data")
    for wait in (0.05, 0.15, 0.3, 0.6, 1.2):
        process = served.begin("serve")
        # There is nothing to wait for: the point is to stop it wherever it happens to be.
        threading.Event().wait(wait)
        process.send_signal(signal.SIGTERM)
        process.wait()
    with served:
        holds(served)
