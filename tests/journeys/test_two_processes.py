"""Two processes of one portal count together, block together, and share what is loaded."""

import json
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.patience import has, needed, until
from tests.process_trees import memory_by_kind, named, web_processes
from tests.processes import Served
from tests.sites import figure

pytestmark = pytest.mark.process
SCRAPES = "gigvora_metrics_scrapes_total"


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("two") / "data"
    with Served(folder, "--workers", "2", "--no-worker") as served:
        yield served


def test_200_scrapes_of_two_processes_add_200_also_when_one_is_killed(two: Served):
    text = two.scrape().text
    start = figure(text, SCRAPES)
    # Whatever other tests have asked of these processes.
    hits = figure(text, "gigvora_rate_limit_hits_total") + 40
    for kill in (False, True):
        with ThreadPoolExecutor(20) as pool:
            done = pool.map(lambda _: two.scrape().status, range(200))
            assert list(done) == [200] * 200
        now = figure(two.scrape().text, SCRAPES)
        assert now == start + 201
        start = now
        if kill:
            break
        for _ in range(40):
            two.get("/api/status")
        assert figure(two.scrape().text, "gigvora_rate_limit_hits_total") == hits

        def told() -> bool:
            taken = json.loads(two.run("snapshot", "export"))["rateLimit"]
            top = [one["hits"] for one in taken["topConsumers"][:1]]
            return taken["lifetime"]["hits"] == hits and top == [hits]

        until(told, what="the node's figures in the export")
        start += 1
        os.kill(web_processes(two)[0], signal.SIGKILL)
        until(lambda: len(web_processes(two)) == 2, what="the respawn")
        until(lambda: all(two.get("/health/live").status == 200 for _ in range(20)))
        text = two.scrape().text
        start += 1
        assert figure(text, SCRAPES) == start
        assert figure(text, "gigvora_rate_limit_hits_total") == hits
        assert 'pid="' not in text


def test_promtool_accepts_the_feed(two: Served):
    if not has("promtool"):
        assert not needed("prometheus")
        pytest.skip("no promtool; on Debian: apt-get install prometheus")
    two.get("/")
    text = two.scrape().text
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=30
    )
    # The runbook's own name for how often a worker reports is the one that promtool remarks on.
    remarks = [line for line in done.stderr.splitlines() if "worker_interval_ms" not in line]
    assert remarks == []
    assert done.returncode in (0, 3), done.stdout + done.stderr


def test_hits_over_two_processes_block_in_both_within_a_second(tmp_path: Path):
    offender = {"X-Forwarded-For": "203.0.113.9"}
    with Served(
        tmp_path / "data", "--workers", "2", "--no-worker", PORTAL_TRUSTED_PROXIES="127.0.0.1/32"
    ) as served:
        statuses = [
            served.get("/history?month=1'%20UNION%20SELECT%201--", **offender).status
            for _ in range(8)
        ]
        assert set(statuses) == {403}
        # Each request is a new connection, so both processes answer some of these.
        until(
            lambda: {served.get("/subscribe", **offender).status for _ in range(12)} == {403},
            what="the block in both processes",
        )
        assert {served.get("/api/status").status for _ in range(12)} == {200}
        listed = served.run("block", "list")
        assert "203.0.113.9\tban\tauto" in listed
        served.run("block", "extend", "203.0.113.9", "--duration", "30m", "--reason", "still there")
        served.run("block", "remove", "203.0.113.9")
        until(
            lambda: {served.get("/subscribe", **offender).status for _ in range(12)} == {200},
            what="the end of the block in both processes",
        )
        served.run("block", "add", "127.0.0.1", "--duration", "1h", "--reason", "x", code=1)
        served.run(
            "block",
            "add",
            "198.51.100.0/24",
            "--scope",
            "range",
            "--duration",
            "1h",
            "--reason",
            "scan",
        )
        served.run("block", "raise", "198.51.100.0/24", "--duration", "2h")
        neighbour = {"X-Forwarded-For": "198.51.100.20"}
        until(lambda: served.get("/api/status", **neighbour).status == 403)


def test_the_processes_share_what_is_loaded(tmp_path: Path):
    """They are forks of one process: most of what they hold is the same memory."""
    with Served(tmp_path / "data", by_shell=True) as served:
        assert served.process is not None
        root = served.process.pid
        (worker,) = until(lambda: named(root, "portal worker"), what="the worker")
        (web,) = until(lambda: web_processes(served), what="the web process")
        assert len(os.listdir(f"/proc/{root}/task")) == 1, "who forks must have no threads"
        for pid in (worker, web):
            figures = memory_by_kind(pid)
            assert figures["Shared_Dirty"] > figures["Private_Dirty"], figures
