"""A clock that stands still, and moves when a test moves it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal import clock
from tests.instants import NOW


@dataclass
class StandingClock:
    """Time that moves only when told to; wall and boot clock together."""

    moment: datetime = NOW
    boot: float = 5000.0

    def now(self) -> datetime:
        return self.moment

    def seconds(self) -> float:
        return self.moment.timestamp()

    def boot_seconds(self) -> float:
        return self.boot

    def advance(self, **parts: float) -> None:
        step = timedelta(**parts)
        self.moment += step
        self.boot += step.total_seconds()


@contextmanager
def standing_clock() -> Iterator[StandingClock]:
    """Time stands at `NOW` within the block, and goes on after it whatever happens there."""
    standing = StandingClock()
    before = clock.use(standing)
    try:
        yield standing
    finally:
        clock.use(before)
