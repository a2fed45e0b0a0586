"""The phases of a node: starting, ready, draining, closing, stopped.

One file in the run directory is the truth for all its processes; each looks at it ten times a
second. It is believed only by the service that it was meant for. Where `portal serve` runs, the
mark ends with that process. Where another server serves the app, the mark is for what had begun
when it was made, and not for what is started afterwards.
"""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import structlog

from portal import clock
from portal.lifecycle import processes
from portal.lifecycle.processes import Process
from portal.runtime.snapshot import LifecycleState

_log = structlog.get_logger()


class Phase(StrEnum):
    """In the order in which they follow each other."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    CLOSING = "closing"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Mark:
    """What the file says: the phase, since when, by whom, why, on which boot, and of whom.

    `pid` and `started` name the `portal serve` that it is bound to, or else the process that made
    it.
    """

    phase: Phase
    since: str
    by: str
    why: str
    boot: str
    pid: int
    started: int
    is_bound: bool

    @property
    def process(self) -> Process:
        return Process(self.pid, self.started)

    def counts(self, boot: str, server: Process) -> bool:
        """Whether it is meant for the service of `server`, which runs now."""
        if self.boot != boot:
            return False
        if self.is_bound:
            return self.process.is_alive
        return server.started <= self.started


def boot_id() -> str:
    """A name of this boot of the machine; empty where there is none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


class Phases:
    """One process's view of its node, and the way to move the node on.

    `running` tells the `portal serve` of the node, if there is one.
    """

    def __init__(self, run_dir: Path, running: Callable[[], Process | None] = lambda: None) -> None:
        self._path = run_dir / "phase.json"
        self._running = running
        self._boot = boot_id()
        self._server: Process | None = None
        self._mark: Mark | None = None
        self.in_flight = 0
        self.is_supervised = False

    def refresh(self) -> None:
        """Read the mark anew."""
        try:
            # Most of the time there is none, which is known for next to nothing.
            os.stat(self._path)
            found = json.loads(self._path.read_bytes())
            mark = Mark(**{**found, "phase": Phase(found["phase"])})
        except FileNotFoundError:
            mark = None
        except (OSError, ValueError, TypeError, KeyError) as error:
            _log.warning("lifecycle.mark_unreadable", error=type(error).__name__)
            return
        if self._server is None:
            # Only now: the app may have been made before its server forked.
            self._server = processes.server()
        counts = mark is not None and mark.counts(self._boot, self._server)
        self._mark = mark if counts else None

    @property
    def mark(self) -> Mark | None:
        if not self.is_supervised:
            self.refresh()
        return self._mark

    @property
    def is_leaving(self) -> bool:
        """Whether the node drains, or is beyond that."""
        return self.mark is not None

    def share(self) -> tuple[str, int]:
        """What a process tells its siblings: the phase, and the requests in flight."""
        return self.current().value, self.in_flight

    def state(self) -> LifecycleState:
        """The phase as the snapshot has it."""
        mark = self.mark
        if mark is None:
            return LifecycleState(phase=self.current(), since="", by="", why="")
        return LifecycleState(phase=mark.phase, since=mark.since, by=mark.by, why=mark.why)

    def current(self) -> Phase:
        mark = self.mark
        return Phase.READY if mark is None else mark.phase

    def move(self, phase: Phase, *, by: str, why: str, now: datetime | None = None) -> Mark:
        """Put the node into a phase; since, by and why are those of the first move."""
        self.refresh()
        before = self._mark
        since = before.since if before else clock.iso(now or clock.now())
        server = self._running()
        of = server or processes.this()
        mark = Mark(
            phase,
            since,
            before.by if before else by,
            before.why if before else why,
            self._boot,
            of.pid,
            of.started,
            is_bound=server is not None,
        )
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self._path.with_name(f"phase.{os.getpid()}.new")
        with fresh.open("w", encoding="utf-8") as file:
            file.write(json.dumps(asdict(mark)))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        self._mark = mark
        return mark

    def back(self) -> None:
        """Take the mark away: the drain is called off."""
        self._path.unlink(missing_ok=True)
        self._mark = None
