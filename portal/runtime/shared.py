"""One snapshot for all panels that look within a second, taken once however many ask at once.

What this process has written since is never missing: a snapshot is kept together with the `state`
of the process, which each commit and each change of the board moves on.
"""

import threading
from collections.abc import Callable, Hashable
from datetime import timedelta

from portal import clock
from portal.runtime.snapshot import Snapshot

KEPT_FOR = timedelta(seconds=1)


class SharedSnapshot:
    """Keeps the last snapshot; `take` makes one, `state` tells what it depends on."""

    def __init__(self, take: Callable[[], Snapshot], state: Callable[[], Hashable]) -> None:
        self._take = take
        self._state = state
        self._one_at_a_time = threading.Lock()
        self._taken = 0
        self._kept: tuple[Hashable, Snapshot] | None = None

    def recent(self) -> Snapshot:
        """The last one where it is not older than a second, else a new one."""
        taken = self._taken
        with self._one_at_a_time:
            if self._kept is not None:
                state, kept = self._kept
                # Who waited for one to be taken has it, however long that took.
                is_new = self._taken != taken or abs(clock.now() - kept.generated_at) < KEPT_FOR
                if is_new and state == self._state():
                    return kept
            return self._renew()

    def fresh(self) -> Snapshot:
        """A new one, for an answer to an act; those who look next have it too."""
        with self._one_at_a_time:
            return self._renew()

    def _renew(self) -> Snapshot:
        # The state of before: what is written meanwhile may or may not be in the snapshot.
        state = self._state()
        kept = self._take()
        self._kept, self._taken = (state, kept), self._taken + 1
        return kept
