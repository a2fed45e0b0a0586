"""The portal as a new user meets it: real processes, the printed link, the command line."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.patience import until
from tests.processes import Served

pytestmark = pytest.mark.process


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
