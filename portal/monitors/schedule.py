"""When each monitor is looked at: spread, a little irregular, at once where it matters."""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

JITTER = 0.02
# A look that failed is repeated so soon, until it is decided what it means.
AGAIN_SECONDS = 2.0
# What is late after a start is spread over so many seconds, or its interval if that is shorter.
SPREAD_SECONDS = 30.0


@dataclass
class Schedule:
    """Which look comes next, on a clock of seconds that nobody sets."""

    chance: Callable[[], float] = random.random
    _due: dict[int, float] = field(default_factory=dict)
    _heap: list[tuple[float, int]] = field(default_factory=list)

    def keep(self, monitor_ids: set[int]) -> None:
        """Forget all others."""
        for gone in set(self._due) - monitor_ids:
            del self._due[gone]

    def begin(
        self, monitor_id: int, *, now: float, interval: float, age: float | None, at_once: bool
    ) -> None:
        """Plan the first look; `age` is how long ago the last one was, where there was one."""
        if monitor_id in self._due:
            return
        if at_once:
            self.put(monitor_id, now)
        elif age is not None and 0 <= age < interval:
            self.put(monitor_id, now + interval - age)
        else:
            self.put(monitor_id, now + self.chance() * min(interval, SPREAD_SECONDS))

    def put(self, monitor_id: int, due: float) -> None:
        self._due[monitor_id] = due
        heapq.heappush(self._heap, (due, monitor_id))

    def sooner(self, monitor_id: int, due: float) -> None:
        """Move a look forward."""
        if monitor_id in self._due and due < self._due[monitor_id]:
            self.put(monitor_id, due)

    def take(self, now: float) -> list[tuple[int, float]]:
        """The monitors that are due, each with when it was; they are planned no more."""
        found = []
        while self._heap and self._heap[0][0] <= now:
            due, monitor_id = heapq.heappop(self._heap)
            if self._due.get(monitor_id) == due:
                del self._due[monitor_id]
                found.append((monitor_id, due))
        return found

    def follow(self, monitor_id: int, due: float, *, now: float, interval: float) -> None:
        """Plan the look after one that was due at `due`; what was missed is not made up for."""
        step = interval * (1 + JITTER * (2 * self.chance() - 1))
        following = due + step
        self.put(monitor_id, following if following > now else now + self.chance() * interval)

    def next_due(self) -> float | None:
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None
