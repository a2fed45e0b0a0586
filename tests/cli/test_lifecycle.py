"""`portal lifecycle` beside a node whose processes told how they stand."""

import signal
from typing import Any

import pytest

from portal import clock
from portal.cli import lifecycle
from portal.lifecycle.phases import Phase
from portal.lifecycle.processes import Process
from portal.runtime.node import Share
from portal.runtime.workers import NOTIFICATIONS, WorkerIn, WorkerStatus
from tests.cli.conftest import Cli
from tests.web.pages import recorded

# None of a real process: whatever is done here is done to files.
PID = 4_194_999
QUICK = ("--wait", "0", "--delay", "0", "--requests", "0", "--close", "0", "--linger", "0")


def tell(cli: Cli, *, size: int = 2, in_flight: int = 1, phase: str = "ready") -> None:
    """A web process of the node, as it told a moment ago."""
    portal = cli.site.portal
    pool = portal.runtime.node._pool().model_copy(update={"size": size, "borrowed": 1})
    share = Share(
        pid=PID,
        boot=clock.boot_seconds(),
        rate_limit=portal.guard.limits.figures(),
        waf=portal.guard.inspection.figures(),
        perimeter=portal.guard.perimeter.figures(),
        pool=pool,
        phase=phase,
        in_flight=in_flight,
    )
    folder = cli.site.settings.run_dir / "processes"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{PID}.json").write_text(share.model_dump_json())


@pytest.fixture
def stopping(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """A `portal serve` that goes when it is told to; what it was told."""
    told: list[tuple[int, int]] = []

    def kill(pid: int, number: int) -> None:
        told.append((pid, number))

    running = Process(PID, 1)
    monkeypatch.setattr(lifecycle.serving, "running", lambda _: None if told else running)
    monkeypatch.setattr(lifecycle.os, "kill", kill)
    monkeypatch.setattr(lifecycle.time, "sleep", lambda _: None)
    return told


def test_without_a_process_it_is_stopped(cli: Cli):
    assert cli.run("lifecycle", "status").output == "stopped\n"


def test_the_status_names_each_process_and_what_it_holds(cli: Cli):
    tell(cli)
    lines = cli.run("lifecycle", "status").output.splitlines()
    assert lines[0] == "ready"
    assert lines[1] == f"process {PID}: 1 requests, 2 connections, 1 in use, 0 waiting"


def test_a_drain_is_begun_and_called_off_and_both_are_on_record(cli: Cli):
    tell(cli)
    assert "Draining" in cli.run("lifecycle", "drain", "--why", "a deploy").output
    assert cli.site.portal.lifecycle.phases.current() is Phase.DRAINING
    assert cli.site.client().get("/health/ready").status_code == 503
    status = cli.run("lifecycle", "status").output
    assert status.startswith("draining since ")
    assert f"by {cli.actor}: a deploy" in status
    assert cli.run("lifecycle", "drain", "--off").output == "Ready again.\n"
    assert cli.site.portal.lifecycle.phases.current() is Phase.READY
    assert [(one.type, one.actor) for one in recorded(cli.site, "runtime.drain")] == [
        ("runtime.drain.called_off", cli.actor),
        ("runtime.drain.began", cli.actor),
    ]


def test_what_is_closed_cannot_be_called_off(cli: Cli):
    cli.site.portal.lifecycle.phases.move(Phase.CLOSING, by="ada", why="a deploy")
    refused = cli.run("lifecycle", "drain", "--off", code=1)
    assert "can no longer be cancelled" in refused.stderr
    assert cli.site.portal.lifecycle.phases.current() is Phase.CLOSING


def test_what_cannot_be_recorded_is_not_done(cli: Cli, monkeypatch: pytest.MonkeyPatch):
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    cli.site.portal.core.engine.dispose()
    (cli.site.settings.data_dir / "portal.db").unlink()
    monkeypatch.setattr("portal.audit.spool.Spool.append", full)
    refused = cli.run("lifecycle", "drain", code=1)
    assert "Nothing was changed." in refused.stderr
    assert cli.site.portal.lifecycle.phases.current() is Phase.READY


def test_nothing_that_runs_is_nothing_to_shut_down(cli: Cli):
    refused = cli.run("lifecycle", "shutdown", code=1)
    assert "No portal is running on this data directory." in refused.stderr
    assert recorded(cli.site, "runtime") == []


def test_a_clean_way_out_ends_with_0(cli: Cli, stopping: list[tuple[int, int]]):
    tell(cli, size=0, in_flight=0, phase="closing")
    done = cli.run("lifecycle", "shutdown", *QUICK, "--why", "a deploy")
    assert done.output.splitlines()[-1] == "Stopped."
    assert stopping == [(PID, signal.SIGTERM)]
    assert [one.type for one in recorded(cli.site, "runtime.shutdown")] == [
        "runtime.shutdown.completed",
        "runtime.shutdown.initiated",
    ]
    assert recorded(cli.site, "runtime.shutdown")[1].detail["reason"] == "a deploy"


def test_a_connection_that_stays_out_ends_with_1(cli: Cli, stopping: list[tuple[int, int]]):
    tell(cli, size=2, in_flight=0, phase="closing")
    done = cli.run("lifecycle", "shutdown", *QUICK, code=1)
    assert "1 database connections were not returned." in done.output
    assert "Stopped, but not cleanly." in done.output
    assert len(recorded(cli.site, "database.connection.shutdown_failed")) == 1
    assert stopping == [(PID, signal.SIGTERM)]


def test_queues_that_hold_work_refuse_with_3_and_stop_nothing(
    cli: Cli, stopping: list[tuple[int, int]]
):
    tell(cli)
    holds = WorkerIn(status=WorkerStatus.HEALTHY, pending=3)
    cli.site.portal.runtime.workers.report(NOTIFICATIONS, holds, actor="portal worker")
    refused = cli.run("lifecycle", "shutdown", *QUICK, code=3)
    assert "notifications has 3 jobs pending." in refused.output
    assert stopping == []
    assert cli.site.portal.lifecycle.phases.current() is Phase.READY
    assert recorded(cli.site, "runtime.shutdown") == []
    forced = cli.run("lifecycle", "shutdown", *QUICK, "--force", code=1)
    assert "Stopped, but not cleanly." in forced.output
    assert recorded(cli.site, "runtime.shutdown.initiated")[0].detail["forced"] is True


def test_a_server_that_does_not_stop_ends_with_4(cli: Cli, stopping: list[tuple[int, int]]):
    stopping.append((0, 0))  # it is gone already, and cannot be told
    tell(cli, size=0, in_flight=0, phase="closing")
    done = cli.run("lifecycle", "shutdown", *QUICK, code=4)
    assert "The server did not stop." in done.stderr
