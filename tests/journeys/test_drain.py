"""A drain by a signal and by the API, and processes that die come back."""

import os
import signal
from pathlib import Path

import pytest

from tests.faults.invariants import kinds
from tests.journeys.tokens import bearer
from tests.patience import until
from tests.process_trees import named
from tests.processes import Served

pytestmark = pytest.mark.process


@pytest.mark.fault(28)
def test_a_signal_drains_and_a_second_one_forces(tmp_path: Path):
    with Served(tmp_path / "data", "--no-worker", PORTAL_DRAIN_DELAY="30s") as served:
        assert served.process is not None
        served.process.send_signal(signal.SIGTERM)
        until(lambda: served.get("/health/ready").status == 503, what="the drain")
        assert served.get("/api/status").status == 200
        served.process.send_signal(signal.SIGTERM)
        served.process.wait()
        assert served.get("/health/live").status == 0
    assert "runtime.shutdown.forced" in kinds(served)


def test_a_drain_can_be_begun_by_the_api_and_called_off(tmp_path: Path):
    with Served(tmp_path / "data", "--no-worker") as served:
        headers = bearer(served)
        assert "ready" in served.run("lifecycle", "status")
        given = {"reason": "a deploy"}
        answer = served.post("/api/admin/runtime/lifecycle/drain", given, **headers)
        assert answer.status == 202
        until(lambda: served.get("/health/ready").status == 503, what="the drain")
        assert "draining since" in served.run("lifecycle", "status")
        served.run("lifecycle", "drain", "--off")
        until(lambda: served.get("/health/ready").status == 200, what="ready")
        served.run("lifecycle", "drain", "--why", "again")
        until(lambda: served.get("/health/ready").status == 503, what="the drain")


def test_processes_that_die_come_back(tmp_path: Path):
    with Served(tmp_path / "data") as served:
        assert served.process is not None
        for name in ("portal worker", "portal front"):
            (pid,) = named(served.process.pid, name)
            os.killpg(pid, signal.SIGKILL)
            until(
                lambda name=name, old=pid: [
                    one for one in named(served.process.pid, name) if one != old
                ],
                what=f"the return of {name}",
            )
        until(lambda: served.get("/health/ready").status == 200, what="ready")
