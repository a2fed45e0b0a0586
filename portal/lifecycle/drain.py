"""A shutdown in order, reported step by step.

    queues empty? → recorded → readiness 503 and no more writes → the balancer's delay → requests in
    flight finish → pools closed in every process, the gauges at 0 for a scrape → recorded → stop

It is run by one process that serves nothing itself: the `portal` command, or `portal serve` when
it is told to stop. Every wait is bounded.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol, TypeVar

from portal.lifecycle.phases import Phase, Phases
from portal.runtime.node import Node, Share
from portal.runtime.snapshot import Worker
from portal.runtime.workers import OWN

Found = TypeVar("Found")
STEP_SECONDS = 0.2


class Exit(IntEnum):
    """What the command ends with."""

    CLEAN = 0
    UNCLEAN = 1
    REFUSED = 3
    TIMED_OUT = 4


@dataclass(frozen=True)
class Patience:
    """How long each wait may last, in seconds."""

    queues: float = 60.0
    delay: float = 5.0
    requests: float = 20.0
    pools: float = 10.0
    linger: float = 15.0


class Append(Protocol):
    """Writes an event into the audit log, in a transaction of its own."""

    def __call__(self, event_type: str, **detail: object) -> None: ...


class Drain:
    """One way out of one node; `pause` waits, `say` tells whoever watches."""

    def __init__(
        self,
        phases: Phases,
        node: Node,
        *,
        workers: Callable[[], list[Worker]],
        append: Append,
        pause: Callable[[float], None],
        say: Callable[[str], None],
    ) -> None:
        self._phases = phases
        self._node = node
        self._workers = workers
        self._append = append
        self._pause = pause
        self._say = say

    def run(self, *, by: str, why: str, patience: Patience, is_forced: bool) -> Exit:
        """All steps up to the stop of the server, which is the caller's."""
        busy = self._wait(patience.queues, self._busy)
        if busy and not is_forced:
            for worker in busy:
                self._say(f"{worker.name} has {worker.pending} jobs pending.")
            self._say("Nothing was stopped. Wait for the queues to empty, or use --force.")
            return Exit.REFUSED
        self._append("runtime.shutdown.initiated", by=by, reason=why, forced=is_forced)
        self._phases.move(Phase.DRAINING, by=by, why=why)
        self._say("Draining: not ready, no more writes.")
        self._pause(patience.delay)
        waiting = self._wait(patience.requests, self._in_flight)
        if waiting:
            self._say(f"{waiting} requests did not finish in {patience.requests:.0f} s.")
        self._phases.move(Phase.CLOSING, by=by, why=why)
        held = self._wait(patience.pools, self._held)
        result = Exit.TIMED_OUT if waiting else Exit.CLEAN
        if held:
            borrowed = sum(share.pool.borrowed for share in held)
            self._say(f"{borrowed} database connections were not returned.")
            self._append(
                "database.connection.shutdown_failed",
                processes=len(held),
                size=sum(share.pool.size for share in held),
                borrowed=borrowed,
                pending=sum(share.pool.pending for share in held),
            )
            result = Exit.UNCLEAN
        else:
            self._say("The database pools are closed.")
            self._append("database.connection.closed", processes=len(self._node.shares()))
        self._pause(patience.linger)
        self._append("runtime.shutdown.completed", by=by, clean=result is Exit.CLEAN)
        return result

    def _wait(self, seconds: float, left: Callable[[], Found]) -> Found:
        """What is left when nothing is, or when the time is over."""
        steps = max(1, int(seconds / STEP_SECONDS))
        found = left()
        for _ in range(steps):
            if not found:
                break
            self._pause(STEP_SECONDS)
            found = left()
        return found

    def _busy(self) -> list[Worker]:
        return [one for one in self._workers() if one.pending and one.name != OWN]

    def _in_flight(self) -> int:
        return sum(share.in_flight for share in self._node.shares())

    def _held(self) -> list[Share]:
        """Processes that still have connections, or have not said yet that they are closing."""
        return [
            share
            for share in self._node.shares()
            if share.pool.size or share.phase != Phase.CLOSING
        ]
