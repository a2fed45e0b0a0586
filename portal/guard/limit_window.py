"""What a process has counted in one window of the rate limit."""

from dataclasses import dataclass, field

from portal import clock
from portal.guard.distinct import Distinct
from portal.runtime import snapshot


@dataclass
class LimitWindow:
    """Counts of one window of the clock, of this process."""

    started: float
    ends: float
    allowed: int = 0
    blocked: int = 0
    seen: Distinct = field(default_factory=Distinct)
    busiest: str | None = None

    def shown(self, until: float) -> snapshot.LimitWindow:
        """As the snapshot has it, at an instant in it or at its end."""
        hits = self.allowed + self.blocked
        # The first second of a window would otherwise divide by almost nothing.
        seconds = max(1.0, until - self.started)
        return snapshot.LimitWindow(
            started_at=clock.at(self.started),
            ends_at=clock.at(self.ends),
            hits=hits,
            allowed=self.allowed,
            blocked=self.blocked,
            active_keys=self.seen.count(),
            busiest_key=self.busiest,
            blocked_ratio=round(self.blocked / hits, 4) if hits else 0.0,
            requests_per_second=round(hits / seconds, 2),
        )
