"""A channel that cannot be used is left alone for a while, longer each time it fails again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=5)


@dataclass
class CircuitBreaker:
    """A channel that cannot be used: since when, why, and when it is tried again."""

    since: datetime
    reason: str
    pause: timedelta
    until: datetime

    @classmethod
    def opened(cls, reason: str, *, now: datetime) -> "CircuitBreaker":
        return cls(now, reason, FIRST_PAUSE, now + FIRST_PAUSE)

    def holds(self, now: datetime) -> bool:
        """Whether the channel is left alone now; not where a clock was set back since."""
        return self.until - LONGEST_PAUSE <= now < self.until

    def failed(self, reason: str, *, now: datetime) -> None:
        """It was tried again; what had begun before that says nothing new."""
        if now >= self.until:
            self.pause = min(self.pause * 2, LONGEST_PAUSE)
            self.until, self.reason = now + self.pause, reason
