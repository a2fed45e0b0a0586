"""`app.py` under other servers than `portal serve`: `flask run`, and gunicorn with two workers."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import until
from tests.processes import ROOT, Served
from tests.sites import SCRAPER, figure

pytestmark = pytest.mark.process

CLIENT = {"X-Forwarded-For": "203.0.113.9"}
READY = "/health/ready"


class Other(Served):
    """`app.py` on the data directory of a portal, under the server of a command."""

    command: tuple[str, ...] = ()

    def start(self) -> None:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self.command],
                env=self.environ,
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        until(lambda: self.get("/health/live").status == 200, what="the start")


@pytest.fixture(params=["flask", "gunicorn"])
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Other:
    """Where a `portal serve` has run, and was stopped in order."""
    settings = {
        "PORTAL_ENV": "test",
        "PORTAL_METRICS_TOKENS": f"prometheus={SCRAPER}",
        "PORTAL_TRUSTED_PROXIES": "127.0.0.1/32",
    }
    with Served(tmp_path / "data", **settings) as before:
        assert before.get(READY).status == 200
    made = Other(tmp_path / "data", **settings)
    made.command = {
        "flask": ("flask", "--app", "app", "run", "--port", str(made.port)),
        "gunicorn": ("gunicorn", "--workers", "2", "--bind", f"127.0.0.1:{made.port}", "app:app"),
    }[request.param]
    return made


def everywhere(served: Served, status: int) -> bool:
    """Whether every process says so; each new connection may be answered by another one."""
    return {served.get(READY).status for _ in range(12)} == {status}


def test_it_serves_what_was_left_by_a_serve_that_was_stopped(other: Other):
    with other:
        assert everywhere(other, 200), other.get(READY).text
        assert "lifecycle" not in other.run("check")
        other.run("maintenance", "start", "--title", "Upgrade", "--duration", "30m")
        until(lambda: "Upgrade" in other.get("/").text, what="the banner")
        assert other.get("/static/css/base.css").status == 200
        feed = other.get("/health/metrics", Authorization=f"Bearer {SCRAPER}")
        assert feed.status == 200
        assert figure(feed.text, "gigvora_maintenance_active") == 1
        other.run("block", "add", "203.0.113.9", "--duration", "1h", "--reason", "scan")
        until(
            lambda: {other.get("/history", **CLIENT).status for _ in range(12)} == {403},
            what="the block in every process",
        )
        assert other.get("/history").status == 200
        worker = other.begin("worker")

        def reports() -> bool:
            told = json.loads(other.run("snapshot", "export"))["workers"]
            return [one["status"] for one in told if one["name"] == "portal"] == ["healthy"]

        until(reports, what="the worker's report")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait() == 0
    assert "Traceback" not in other.output


def test_a_drain_by_command_is_for_what_runs_and_not_for_what_comes_after(other: Other):
    with other:
        worker = other.begin("worker")
        other.run("lifecycle", "drain", "--why", "a deploy")
        until(lambda: everywhere(other, 503), what="the drain")
        assert other.get("/").status == 200
        assert other.post("/api/admin/runtime/maintenance", {}).status == 503
        assert worker.wait() == 0
        other.run("lifecycle", "drain", "--off")
        until(lambda: everywhere(other, 200), what="the end of the drain")
        other.run("lifecycle", "drain")
        until(lambda: everywhere(other, 503), what="the drain")
    with other:
        assert everywhere(other, 200), other.get(READY).text
        other.process.send_signal(signal.SIGTERM)
        other.process.wait(60)
    with Served(other.folder, PORTAL_ENV="test") as again:
        assert again.get(READY).status == 200
