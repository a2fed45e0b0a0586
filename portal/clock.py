"""The one place that reads the time, so that a test can stand in for it."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the portal asks of a clock."""

    def now(self) -> datetime: ...

    def seconds(self) -> float: ...

    def boot_seconds(self) -> float: ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def seconds(self) -> float:
        return time.time()

    def boot_seconds(self) -> float:
        # CLOCK_BOOTTIME counts through suspend, is the same for all processes of a machine,
        # and does not jump when the wall clock is set.
        return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


_clock: Clock = SystemClock()


def use(clock: Clock) -> Clock:
    """Put `clock` in place and return the one it replaces."""
    global _clock
    previous, _clock = _clock, clock
    return previous


def now() -> datetime:
    """The wall clock, aware UTC."""
    return _clock.now()


def seconds() -> float:
    """The wall clock in seconds since the epoch, where a whole `datetime` would cost too much."""
    return _clock.seconds()


def at(seconds: float) -> datetime:
    """The instant of so many seconds since the epoch."""
    return datetime.fromtimestamp(seconds, UTC)


def boot_seconds() -> float:
    """Seconds since the machine booted; for ages, never for dates."""
    return _clock.boot_seconds()


def iso(moment: datetime) -> str:
    """`moment` as ISO 8601 in UTC with `Z`, to the second unless it has a fraction."""
    text = moment.astimezone(UTC).isoformat(
        timespec="milliseconds" if moment.microsecond else "seconds"
    )
    return text.replace("+00:00", "Z")
