"""The runbook's way out, on real processes: refused, drained, closed, stopped."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy

from tests.commands import Command
from tests.databases import fresh_database
from tests.faults.invariants import kinds
from tests.journeys.tokens import bearer
from tests.patience import until
from tests.process_trees import web_processes
from tests.processes import Served
from tests.sites import figure

pytestmark = pytest.mark.process
WORKER = "/api/admin/runtime/workers/jobs"
SIZE = "gigvora_database_pool_size"


@pytest.fixture(params=["sqlite", "postgresql"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    settings = {"PORTAL_WORKERS_DECLARED": "jobs:1h"}
    if request.param == "postgresql":
        settings["PORTAL_DATABASE_URL"] = fresh_database(request.getfixturevalue("postgres"))
    with Served(tmp_path / "data", "--workers", "2", **settings) as running:
        yield running


def report(served: Served, pending: int, headers: dict[str, str]) -> None:
    body = {"status": "healthy", "pending": pending}
    until(lambda: served.put(WORKER, body, **headers).status == 200, what="the report")


def shut_down(served: Served, *options: str) -> Command:
    return served.begin("lifecycle", "shutdown", *options)


def events(served: Served, headers: dict[str, str]) -> list[dict[str, object]]:
    answer = served.get("/api/admin/runtime/audit?limit=200", **headers)
    assert answer.status == 200, answer.text
    return list(reversed(json.loads(answer.text)["items"]))


def test_the_runbooks_fourth_section(served: Served):
    headers = bearer(served)
    report(served, 3, headers)
    refused = shut_down(served, "--wait", "0.5")
    said = refused.output()
    assert refused.returncode == 3, said
    assert "jobs has 3 jobs pending" in said
    assert served.get("/health/ready").status == 200

    report(served, 0, headers)
    for _ in range(10):
        assert served.get("/api/admin/runtime/audit", **headers).status == 200
    assert figure(served.scrape().text, SIZE) > 0
    leaving = shut_down(served, "--wait", "5", "--delay", "2", "--linger", "4")
    seen: list[tuple[float, float]] = []
    until(lambda: served.get("/health/ready").status == 503, what="the drain")
    until(
        lambda: {served.get("/health/ready").status for _ in range(10)} == {503},
        what="the drain in both processes",
    )
    assert served.get("/health/live").status == 200
    assert served.get("/").status == 200
    write = served.put(WORKER, {"status": "healthy", "pending": 0}, **headers)
    assert write.status == 503
    assert write.headers["retry-after"] == "30"
    while leaving.poll() is None:
        text = served.scrape().text
        if text:
            seen.append((time.monotonic(), figure(text, SIZE)))
        time.sleep(0.25)
    said = leaving.output()
    assert leaving.returncode == 0, said
    assert seen[-1][1] == 0, "the feed told of empty pools until the port closed"
    assert sum(size == 0 for _, size in seen) >= 4
    assert served.get("/health/live").status == 0

    served.options = ("--no-worker",)  # enough to read what is on record
    with served:
        told = [str(one["type"]) for one in events(served, headers)]
        order = [
            told.index(kind)
            for kind in (
                "runtime.shutdown.initiated",
                "database.connection.closed",
                "runtime.shutdown.completed",
                "runtime.stopped",
            )
        ]
        assert order == sorted(order)
        assert "the chain is intact" in served.run("audit", "verify")
        assert served.get("/health/ready").status == 200


@pytest.mark.fault(27)
def test_a_connection_that_is_not_given_back_is_on_record(tmp_path: Path, postgres: str):
    url = fresh_database(postgres)
    with Served(tmp_path / "data", "--workers", "2", PORTAL_DATABASE_URL=url) as served:
        headers = bearer(served)
        database = sqlalchemy.create_engine(url)
        with database.begin() as connection:
            connection.execute(sqlalchemy.text("LOCK TABLE announcement IN ACCESS EXCLUSIVE MODE"))
            path = "/api/admin/runtime/maintenance"
            is_over = threading.Event()

            def ask() -> None:
                while not is_over.is_set():
                    served.get(path, **headers)

            askers = [threading.Thread(target=ask) for _ in range(4)]
            for asker in askers:
                asker.start()
                time.sleep(0.4)  # so that one of them has always just begun to wait
            until(
                lambda: figure(served.scrape().text, "gigvora_database_pool_borrowed") >= 1,
                what="the held connection",
            )
            leaving = shut_down(
                served,
                "--wait",
                "0",
                "--delay",
                "0",
                "--requests",
                "0.2",
                "--close",
                "0.6",
                "--linger",
                "0",
            )
            said = leaving.output()
            is_over.set()
            for asker in askers:
                asker.join()
        assert leaving.returncode == 1, said
        assert "were not returned" in said
    database.dispose()
    served.options = ("--no-worker",)
    with served:
        (failed,) = [
            one
            for one in events(served, headers)
            if one["type"] == "database.connection.shutdown_failed"
        ]
        assert failed["detail"]["borrowed"] >= 1  # type: ignore[index]


def test_a_process_that_hangs_makes_the_stop_unclean(tmp_path: Path):
    with Served(tmp_path / "data", "--workers", "2", "--no-worker") as served:
        told = served.folder / "run" / "processes"
        until(lambda: len(list(told.glob("*.json"))) == 2, what="both processes on record")
        stuck = web_processes(served)[0]
        os.kill(stuck, signal.SIGSTOP)
        try:
            leaving = shut_down(
                served, "--wait", "0", "--delay", "0", "--close", "1", "--linger", "0"
            )
            said = leaving.output()
        finally:
            with suppress(ProcessLookupError):
                os.kill(stuck, signal.SIGCONT)
        assert leaving.returncode == 1, said
    assert "database.connection.shutdown_failed" in kinds(served)
