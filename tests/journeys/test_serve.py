"""The portal as a new user meets it: real processes, the printed link, the command line."""

import json
import os
import re
import signal
import sqlite3
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.processes import Served, has, memory_by_kind, named, needed, until, web_processes
from tests.sites import figure

pytestmark = pytest.mark.process

SCRAPES = "gigvora_metrics_scrapes_total"


def test_a_fresh_copy_from_start_to_end(tmp_path: Path):
    with Served(tmp_path / "data", by_shell=True) as served:
        assert served.get("/").status == 200
        assert served.get("/static/css/base.css").status == 200
        assert re.search(r"/panel/first-run/\S{40,}", served.output)
        assert re.search(r'"library": "libmodsecurity 3\.[^"]+", "event": "serve', served.output)
        started = served.run("maintenance", "start", "--title", "Upgrade", "--duration", "30m")
        reference = started.split()[0]
        until(lambda: "Upgrade" in served.get("/").text, what="the banner")
        before = served.get("/api/runtime/maintenance").text
        served.run("maintenance", "extend", "--duration", "15m")
        until(lambda: served.get("/api/runtime/maintenance").text != before)
        assert reference in served.execute("maintenance", "list")
        served.run("maintenance", "end", reference)
        until(lambda: "Under maintenance" not in served.get("/").text)
        served.run("announce", "--title", "Hello", "--severity", "info", "--duration", "1h")
        until(lambda: "Hello" in served.get("/banner").text, what="the banner")
        token = served.run("token", "create", "ci", "--scope", "runtime:read").strip()
        health = served.get("/api/admin/runtime/health", Authorization=f"Bearer {token}")
        assert health.status == 200
        assert served.run("snapshot", "export", "--format", "csv").startswith("path,value")
        assert served.process is not None
        running = served.run("check")
        assert f"portal serve: process {served.process.pid}" in running
        assert "the chain is intact" in served.run("audit", "verify")
    assert served.process.returncode == 0
    assert "Traceback" not in served.output
    stopped = served.run("check")
    assert "portal serve: does not run here" in stopped
    assert set(running.splitlines()[1:]) <= set(stopped.splitlines()), "the rest is checked too"


def test_tables_are_brought_up_to_date_where_the_start_is_told_to(tmp_path: Path):
    """As a container starts: nothing before it, and no shell around it."""
    (tmp_path / "data").mkdir()
    with Served(tmp_path / "data", "--no-worker", PORTAL_ENV="test") as served:
        refused = served.get("/health/ready")
        assert refused.status == 503
    served.options = ("--no-worker", "--upgrade")
    with served:
        until(lambda: served.get("/health/ready").status == 200, what="readiness")
    # An old version that is put back on new tables leaves them alone.
    with closing(sqlite3.connect(tmp_path / "data/portal.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    with served:
        assert served.get("/").status == 200
        assert served.get("/health/ready").status == 503
        assert "newer than this portal" in served.output
        served.run("db", "upgrade", code=1)
    assert "Traceback" not in served.output


def test_wrong_input_on_the_command_line_is_a_sentence(tmp_path: Path):
    served = Served(tmp_path / "data")
    served.run("db", "upgrade")
    served.run("maintenance", "start", "--title", "x", "--duration", "soon", code=2)
    served.run("maintenance", "extend", "--duration", "5m", code=1)
    served.run(
        "operator", "create", "ada", "--role", "viewer", "--password-stdin", text="x", code=1
    )
    served.environ["PORTAL_RATE_LIMIT"] = "many"
    served.environ["PORTAL_TYPO"] = "1"
    served.run("check", code=2)


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
