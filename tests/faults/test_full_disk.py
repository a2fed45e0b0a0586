"""The disk of a running portal runs full: under the database, the log and the figures."""

import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.faults.invariants import bearer, holds, quick
from tests.faults.network import Cable
from tests.patience import until
from tests.processes import Served
from tests.sites import figure

pytestmark = pytest.mark.process
MAINTENANCE = "/api/admin/runtime/maintenance"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB, which root may mount."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "portal-test", str(folder)],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("a small disk takes the right to mount one")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Take all the space that is left."""
    ballast = folder / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 4096)
    return ballast


@pytest.mark.fault(5)
def test_a_full_disk_refuses_writes_and_breaks_nothing(small_disk: Path, tmp_path: Path):
    database = small_disk / "portal.db"
    with Served(tmp_path / "data", PORTAL_DATABASE_URL=f"sqlite:///{database}") as served:
        headers = bearer(served, "maintenance:write")
        assert (
            served.post(MAINTENANCE, {"title": "Before", "status": "active"}, **headers).status
            == 201
        )
        ballast = fill(small_disk)
        body = {"title": "Too much", "message": "x" * 5000}
        refused = until(
            lambda: next(
                (
                    answer
                    for _ in range(200)
                    if (answer := served.post(MAINTENANCE, body, **headers)).status != 201
                ),
                None,
            ),
            what="a write that is refused",
        )
        assert refused.status == 507, refused.text
        assert "no space left" in refused.text
        assert quick(served, "/").status == 200
        assert "Before" in quick(served, "/api/runtime/maintenance").text
        assert served.scrape().status == 200
        ballast.unlink()
        until(
            lambda: served.post(MAINTENANCE, {"title": "After"}, **headers).status == 201,
            what="a write",
        )
        holds(served)
        with closing(sqlite3.connect(database)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.fault(6)
def test_with_nowhere_to_record_it_nothing_privileged_happens(small_disk: Path, tmp_path: Path):
    data = small_disk / "data"
    data.mkdir()
    with Cable(("127.0.0.1", 1)) as cable:
        url = f"postgresql+psycopg://nobody@127.0.0.1:{cable.port}/none"
        served = Served(tmp_path / "other", PORTAL_DATABASE_URL=url, PORTAL_DATA_DIR=str(data))
        served.folder = data
        with served:
            fill(small_disk)
            said = served.run("lifecycle", "drain", code=1)
            assert said == ""
            assert served.get("/health/live").status == 200
            assert "lifecycle" not in served.get("/health/ready").text
            (small_disk / "ballast").unlink()
            served.run("lifecycle", "drain")
            until(lambda: "lifecycle" in served.get("/health/ready").text)
            assert "runtime.drain.began" in (data / "spool" / "audit.jsonl").read_text()


@pytest.mark.fault(6)
def test_a_full_disk_under_the_log_stops_nothing(tmp_path: Path):
    served = Served(tmp_path / "data", PORTAL_REDIS_URL="redis://127.0.0.1:1/0")
    # Whoever runs it has sent both outputs to a disk that is full.
    served.log = tmp_path / "log"
    served.log.symlink_to("/dev/full")
    with served:
        # Redis is away, which is logged at once and again and again.
        for _ in range(5):
            assert served.get("/api/status").status == 200
        served.run("maintenance", "start", "--title", "Work", "--duration", "1h")
        until(lambda: "Work" in served.get("/").text, what="the banner")
        until(
            lambda: figure(served.scrape().text, "gigvora_log_dropped_total") > 0,
            what="the count of dropped lines",
        )
        holds(served)
    assert served.process is not None
    assert served.process.returncode == 0


@pytest.mark.fault(7)
def test_a_full_run_directory_costs_the_feed_alone(small_disk: Path, tmp_path: Path):
    data = tmp_path / "data"
    data.mkdir()
    with Served(data, "--workers", "2") as served:
        served.get("/")
        assert served.scrape().status == 200
    # The run directory on a disk of its own; the service makes its content anew.
    mounted = small_disk / "run"
    mounted.mkdir()
    (data / "run").rename(data / "old-run")
    (data / "run").symlink_to(mounted)
    with served:
        assert served.scrape().status == 200
        ballast = fill(small_disk)
        for _ in range(20):
            assert served.get("/").status == 200
            assert served.get(f"/none-{time.monotonic_ns()}").status == 404
        assert served.scrape().status in (200, 503)
        assert served.get("/health/ready").status == 200
        ballast.unlink()
        until(lambda: served.scrape().status == 200, what="the feed")
        holds(served)
