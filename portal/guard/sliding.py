"""How often something happened within the last minutes, in a few numbers."""

from collections import deque

BUCKET_SECONDS = 10


class SlidingCount:
    """Counts in buckets of ten seconds; what is older than the window falls away.

    The caller holds a lock. The oldest bucket falls away as a whole, so the count is at most ten
    seconds short and never too high.
    """

    def __init__(self, window_seconds: int) -> None:
        self._window = window_seconds
        self._buckets: deque[tuple[int, int]] = deque(maxlen=window_seconds // BUCKET_SECONDS + 1)

    def add(self, at: float) -> None:
        """One more at an instant, in seconds."""
        bucket = int(at // BUCKET_SECONDS) * BUCKET_SECONDS
        if self._buckets and self._buckets[-1][0] == bucket:
            self._buckets[-1] = (bucket, self._buckets[-1][1] + 1)
        else:
            self._buckets.append((bucket, 1))

    def total(self, now: float) -> int:
        """How many there were within the window."""
        return sum(count for begun, count in self._buckets if 0 <= now - begun <= self._window)
