"""What one look brought, and the ways in which it can end without an answer."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from portal import clock
from portal.monitors.health import Outcome

PHASES = ("dns", "connect", "tls", "waiting", "answer")
MOST_LINES = 12
MOST_OF_LINE = 200


class FailedError(Exception):
    """The target does not do what is expected of it; the text says what it did."""


class CannotLookError(Exception):
    """Nothing can be said of the target, for a reason that lies with the portal."""


@dataclass
class Trace:
    """What is noted while a look goes on, so that it is there however it ends."""

    phases: dict[str, float] = field(default_factory=dict)
    address: str = ""
    status: str = ""
    lines: list[str] = field(default_factory=list)
    size: int | None = None
    certificate_expires_at: datetime | None = None
    # In which phase it was when its time was over.
    cut_in: str = ""
    # How long the target took, where that is not how long the look took.
    measured_ms: float | None = None
    # What was slow or nearly over although it answered.
    warnings: list[str] = field(default_factory=list)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time a phase without the phases within it; several of one name add up."""
        begun, before = time.perf_counter(), sum(self.phases.values())
        try:
            yield
        except asyncio.CancelledError:
            self.cut_in = self.cut_in or name
            raise
        finally:
            took = (time.perf_counter() - begun) * 1000
            within = sum(self.phases.values()) - before
            self.phases[name] = self.phases.get(name, 0.0) + max(0.0, took - within)

    def say(self, text: str) -> None:
        """Note the first lines of an answer, of which none is long."""
        for line in text.splitlines():
            if len(self.lines) < MOST_LINES:
                self.lines.append(_printable(line)[:MOST_OF_LINE])


@dataclass(frozen=True)
class Look:
    """One look: what it found, how long it took, and a sentence that says so."""

    outcome: Outcome
    at: datetime
    ms: float | None
    detail: str
    trace: Trace

    def evidence(self) -> dict[str, Any]:
        """The same as it is stored and answered."""
        trace = self.trace
        return {
            "at": clock.iso(self.at),
            "outcome": self.outcome.name.lower(),
            "detail": self.detail,
            "durationMs": None if self.ms is None else round(self.ms, 2),
            "status": trace.status,
            "phases": {
                name: round(trace.phases[name], 2) for name in PHASES if name in trace.phases
            },
            "address": trace.address,
            "lines": trace.lines,
            "size": trace.size,
            "certificateExpiresAt": clock.iso(trace.certificate_expires_at)
            if trace.certificate_expires_at
            else None,
        }


def _printable(line: str) -> str:
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in line)
