"""A limit on a storage that a test looks into."""

from types import SimpleNamespace
from typing import Any

from limits.strategies import FixedWindowRateLimiter

from portal.guard.limits import Limits
from portal.guard.storage import WindowStorage


class Counter:
    def __init__(self) -> None:
        self.value = 0

    def inc(self, amount: int = 1) -> None:
        self.value += amount


def series() -> Any:
    made = SimpleNamespace(allowed=Counter(), blocked=Counter())
    made.read = lambda: SimpleNamespace(
        hits=made.allowed.value + made.blocked.value,
        allowed=made.allowed.value,
        blocked=made.blocked.value,
    )
    return made


def limit(rate: str = "100/minute", strategy: Any = None) -> Limits:
    storage = WindowStorage()
    made = strategy or FixedWindowRateLimiter(storage)
    return Limits(SimpleNamespace(limiter=made, storage=storage), rate, series())  # type: ignore[arg-type]


class Told:
    """A storage that says what a test says: how much remains and when it ends, before and after."""

    def __init__(self, *stats: tuple[int, float], is_allowed: bool = True) -> None:
        self.stats, self.is_allowed = list(stats), is_allowed

    def get_window_stats(self, item: Any, key: str) -> Any:
        remaining, reset = self.stats.pop(0)
        return SimpleNamespace(remaining=remaining, reset_time=reset)

    def hit(self, item: Any, key: str, cost: int = 1) -> bool:
        return self.is_allowed


class Broken:
    """A storage that is away as long as told."""

    def __init__(self) -> None:
        self.is_away = True
        self.asked = 0
        self._whole = FixedWindowRateLimiter(WindowStorage())

    def get_window_stats(self, item: Any, key: str) -> Any:
        self.asked += 1
        if self.is_away:
            raise ConnectionError("away")
        return self._whole.get_window_stats(item, key)

    def hit(self, item: Any, key: str, cost: int = 1) -> bool:
        return self._whole.hit(item, key, cost=cost)
