"""The memory storage of the limits: fixed windows that are dropped whole when they end.

The library's own memory storage starts a thread at every other hit to clear single keys, and
keeps a lock and an expiry for each: measured here, 50 MB for 100 000 keys and answers that wait
for those threads. One dictionary a window needs neither.
"""

import threading
from typing import Any

from limits.storage import Storage

from portal import clock

SCHEME = "memory-windows"


class WindowStorage(Storage):
    """Counts of this process; windows begin at whole multiples of their length."""

    STORAGE_SCHEME = [SCHEME]

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **_: Any) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions)
        self._lock = threading.Lock()
        self._windows: dict[int, tuple[float, dict[str, int]]] = {}  # length → (end, counts)

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        now = clock.now().timestamp()
        with self._lock:
            ends, counts = self._windows.get(expiry, (0.0, {}))
            if not ends - expiry <= now < ends:
                # A clock that was set back begins a new window too, not an endless one.
                ends, counts = now - now % expiry + expiry, {}
                self._windows[expiry] = (ends, counts)
            counts[key] = counts.get(key, 0) + amount
            return counts[key]

    def get(self, key: str) -> int:
        now = clock.now().timestamp()
        with self._lock:
            for expiry, (ends, counts) in self._windows.items():
                if key in counts and ends - expiry <= now < ends:
                    return counts[key]
        return 0

    def get_expiry(self, key: str) -> float:
        """When the key's window ends, seconds since the epoch; now when it has none."""
        now = clock.now().timestamp()
        with self._lock:
            for expiry, (ends, counts) in self._windows.items():
                if key in counts and ends - expiry <= now < ends:
                    return ends
        return now

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        with self._lock:
            gone = sum(len(counts) for _, counts in self._windows.values())
            self._windows.clear()
        return gone

    def clear(self, key: str) -> None:
        with self._lock:
            for _, counts in self._windows.values():
                counts.pop(key, None)
