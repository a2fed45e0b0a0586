"""How many mails are claimed at once: about as many as went out in the last second.

A claim costs as much as several mails, so that a quick server is given many a time. With a slow
one, urgent news do not wait behind what was claimed before, and a death holds up few.
"""

import math

LEAST, MOST = 20, 100
WORTH_SECONDS = 1.0
# Shorter and a pause of the machine would look like a slow server.
MEASURED_SECONDS = 0.5
# However slow a set rate is.
AT_RATE_SECONDS = 5.0


class Portion:
    """Learns from what went out; instants are seconds of any clock that only goes forward."""

    def __init__(self, rate: float) -> None:
        """`rate` is how many mails a second may be sent."""
        self._most = max(1, math.ceil(min(MOST, rate * AT_RATE_SECONDS)))
        self._quick, self._count = LEAST, 0
        self._since: float | None = None

    @property
    def size(self) -> int:
        """How many may be claimed and not yet sent."""
        return min(self._most, self._quick)

    def went_out(self, count: int, now: float) -> None:
        """That many came to their end since the last call."""
        if self._since is None:
            self._since = now
            return
        self._count += count
        passed = now - self._since
        if passed >= MEASURED_SECONDS:
            worth = math.ceil(self._count / passed * WORTH_SECONDS)
            self._quick = min(MOST, max(LEAST, worth))
            self._since, self._count = now, 0
