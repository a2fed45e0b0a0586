"""The phases of a node: starting, ready, draining, closing, stopped.

One file in the run directory is the truth for all its processes; each looks at it ten times a
second. The file belongs to the service that wrote it: `portal serve` begins with an empty run
directory, and a file of another boot is not believed.
"""

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import structlog

from portal import clock
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
    """What the file says: the phase, since when, by whom, why, and on which boot."""

    phase: Phase
    since: str
    by: str
    why: str
    boot: str


def boot_id() -> str:
    """A name of this boot of the machine; empty where there is none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def phase_of(mark: Mark | None, *, boot: str, is_started: bool) -> Phase:
    """The phase that a mark stands for; one of another boot is left aside."""
    if mark is not None and mark.boot == boot:
        return mark.phase
    return Phase.READY if is_started else Phase.STARTING


class Phases:
    """One process's view of its node, and the way to move the node on."""

    def __init__(self, run_dir: Path) -> None:
        self._path = run_dir / "phase.json"
        self._boot = boot_id()
        self._mark: Mark | None = None
        self.in_flight = 0
        self.is_supervised = False

    def refresh(self) -> None:
        """Read the mark anew."""
        try:
            found = json.loads(self._path.read_bytes())
            mark = Mark(**{**found, "phase": Phase(found["phase"])})
        except FileNotFoundError:
            mark = None
        except (OSError, ValueError, TypeError, KeyError) as error:
            _log.warning("lifecycle.mark_unreadable", error=type(error).__name__)
            return
        self._mark = mark if mark is not None and mark.boot == self._boot else None

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

    def current(self, *, is_started: bool = True) -> Phase:
        return phase_of(self.mark, boot=self._boot, is_started=is_started)

    def move(self, phase: Phase, *, by: str, why: str, now: datetime | None = None) -> Mark:
        """Put the node into a phase; since, by and why are those of the first move."""
        self.refresh()
        before = self._mark
        since = before.since if before else clock.iso(now or clock.now())
        mark = Mark(
            phase, since, before.by if before else by, before.why if before else why, self._boot
        )
        self._path.parent.mkdir(parents=True, exist_ok=True)
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
