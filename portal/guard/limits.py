"""Rate limits: each request is counted once, here, through Flask-Limiter's own objects.

While a key is far from its limit, hits are taken from the storage in small batches and counted
down in the process; near the limit one by one. A key's first request takes one hit, and batches
grow with what it uses: a flood of new keys holds nothing back. A batch never outlives its
window, and no key passes its limit.
"""

import threading
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import limits
import structlog
from flask_limiter import Limiter
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter, RateLimiter

from portal import clock
from portal.guard.limit_window import LimitWindow
from portal.guard.offenders import TopKeys
from portal.guard.storage import WindowStorage
from portal.runtime import snapshot
from portal.runtime.counters import Counters

_log = structlog.get_logger()

BATCH_SHARE = 8  # a batch is at most an eighth of what is left
LARGEST_BATCH = 1024
NEAR = 0.8
HISTORY = 12
MOST_BATCHES = 20_000
SWEEP_SECONDS = 1.0
FIRST_BACKOFF_SECONDS = 1.0
LONGEST_BACKOFF_SECONDS = 30.0


@dataclass(slots=True)
class Batch:
    """What a key may still do without asking the storage; `reset` in seconds since the epoch."""

    left: int
    remaining: int
    reset: float


class Decision(NamedTuple):
    """The answer for one request."""

    is_allowed: bool
    remaining: int
    reset_seconds: int

    @property
    def headers(self) -> list[tuple[str, str]]:
        """What is left, and for how many seconds."""
        return [
            ("RateLimit-Remaining", str(self.remaining)),
            ("RateLimit-Reset", str(self.reset_seconds)),
        ]


class Limits:
    """The limit of one app. Redis gone: each process limits by its own memory meanwhile."""

    def __init__(self, limiter: Limiter, rate: str, counters: Counters) -> None:
        self.item = limits.parse(rate)
        self.rate = rate
        self.limit = self.item.amount
        self.window_seconds = self.item.get_expiry()
        self._half = self.limit // 2
        self._longest = 2 * self.window_seconds
        self._limiter = limiter
        self._local: RateLimiter = FixedWindowRateLimiter(WindowStorage())
        self._counters = counters
        self._lock = self.lock = threading.Lock()
        self._batches: dict[str, Batch] = {}
        self.top = TopKeys()
        self._history: deque[LimitWindow] = deque(maxlen=HISTORY)
        self._window = LimitWindow(0.0, 0.0)
        # Polls that were let through and are not in the counters yet: (key, path) → how many.
        self._pending: dict[tuple[str, str], int] = {}
        self._swept = 0.0
        self._last_blocked: float | None = None
        self._down_until = 0.0
        self._backoff = 0.0

    def hit(self, key: str, route: str, *, now: float, share: int = 1) -> Decision:
        """Count one request of `key` at `now` (seconds since the epoch); may it pass?

        A throttled key has one `share`-th of the limit.
        """
        with self._lock:
            known = self._batches.get(key)
            # One that ends later than any window can is of a clock that was set back since.
            is_live = known is not None and now < known.reset <= now + self._longest
            batch = known if is_live else None
            if share > 1 and batch is not None:
                if self.limit - batch.remaining >= max(1, self.limit // share):
                    return self._count(key, route, Batch(0, 0, batch.reset), False, now)
            if batch is not None:
                if batch.left:
                    batch.left -= 1
                    batch.remaining -= 1
                    return self._count(key, route, batch, True, now)
                if not batch.remaining:
                    return self._count(key, route, batch, False, now)
            has_room = known is not None or self._has_room(now)
        is_allowed, batch = self._take(key, now, LARGEST_BATCH if has_room else 1)
        with self._lock:
            # A key seen once was given nothing beyond that, and needs no place.
            if has_room and not (is_allowed and batch.remaining == self.limit - 1):
                self._batches[key] = batch
            self._window.seen.add(key)
            return self._count(key, route, batch, is_allowed, now)

    def poll(self, key: str, path: str, now: float) -> bool:
        """Count one GET of a key that has used less than half of its limit.

        False, and nothing counted, for any other: that one is for `hit`. What is counted here
        reaches the counters with `settle`, and before anybody reads them.
        """
        window = self._window
        with self._lock:
            batch = self._batches.get(key)
            if (
                batch is None
                or not batch.left
                or batch.remaining - 1 <= self._half
                or not now < batch.reset <= now + self._longest
                or not window.started <= now < window.ends
            ):
                return False
            batch.left -= 1
            batch.remaining -= 1
            name = (key, path)
            self._pending[name] = self._pending.get(name, 0) + 1
            return True

    def is_near(self, decision: Decision) -> bool:
        """Whether a client has used half of its limit, and wants to know how much is left."""
        return decision.remaining <= self._half

    @property
    def counted(self) -> tuple[float, int]:
        """Changes with each request that is counted, as far as `settle` has seen it."""
        return self._window.started, self._window.allowed + self._window.blocked

    def settle(self) -> None:
        """Put what `poll` has counted into the counters."""
        if self._pending:
            with self._lock:
                self._settle()

    def _settle(self) -> None:
        pending, self._pending = self._pending, {}
        if not pending:
            return
        total, now = sum(pending.values()), clock.seconds()
        self._counters.allowed.inc(total)
        self._window.allowed += total
        for (key, path), hits in pending.items():
            self.top.count(key, is_allowed=True, route=f"GET {path}", at=now, hits=hits)

    @property
    def is_remote(self) -> bool:
        """Whether counts are kept in Redis."""
        return isinstance(self._limiter.storage, RedisStorage)

    def _has_room(self, now: float) -> bool:
        if len(self._batches) >= MOST_BATCHES and abs(now - self._swept) >= SWEEP_SECONDS:
            self._swept = now
            self._batches = {name: one for name, one in self._batches.items() if now < one.reset}
        return len(self._batches) < MOST_BATCHES

    @property
    def is_storage_up(self) -> bool:
        return self._backoff == 0.0

    def _take(self, key: str, now: float, most: int) -> tuple[bool, Batch]:
        if not now < self._down_until <= now + LONGEST_BACKOFF_SECONDS:
            try:
                taken = self._take_from(self._limiter.limiter, key, now, most)
            except Exception as error:
                # Whatever the storage's client raises, a request must not fail for it.
                self._backoff = min(
                    max(self._backoff * 2, FIRST_BACKOFF_SECONDS), LONGEST_BACKOFF_SECONDS
                )
                self._down_until = now + self._backoff
                _log.warning("limits.storage_unreachable", error=type(error).__name__)
            else:
                self._backoff = 0.0
                return taken
        return self._take_from(self._local, key, now, most)

    def _take_from(
        self, strategy: RateLimiter, key: str, now: float, most: int
    ) -> tuple[bool, Batch]:
        stats = strategy.get_window_stats(self.item, key)
        if stats.remaining <= 0 and stats.reset_time > now:
            return False, Batch(0, 0, stats.reset_time)
        used = self.limit - stats.remaining
        cost = max(1, min(most, stats.remaining // BATCH_SHARE, used))
        is_allowed = strategy.hit(self.item, key, cost=cost)
        reset = stats.reset_time
        if reset <= now or stats.remaining == self.limit:
            reset = strategy.get_window_stats(self.item, key).reset_time
        if not is_allowed:
            return False, Batch(0, 0, reset)
        return True, Batch(cost - 1, max(0, stats.remaining - 1), reset)

    def _count(self, key: str, route: str, batch: Batch, is_allowed: bool, now: float) -> Decision:
        window = self._window
        if not window.started <= now < window.ends:
            window = self._begin_window(now)
        if is_allowed:
            self._counters.allowed.inc()
            window.allowed += 1
        else:
            self._counters.blocked.inc()
            window.blocked += 1
            self._last_blocked = now
        self.top.count(key, is_allowed=is_allowed, route=route, at=now)
        return Decision(is_allowed, batch.remaining, max(0, int(batch.reset - now + 0.999)))

    def _begin_window(self, now: float) -> LimitWindow:
        self._settle()
        if self._window.started:
            self._window.busiest = self._busiest(self._window.started)
            self._window.seen.seal()
            self._history.appendleft(self._window)
        started = now - now % self.window_seconds
        self._window = LimitWindow(started, started + self.window_seconds)
        return self._window

    def _busiest(self, since: float) -> str | None:
        """The key that has used most of its limit since; of those that came more than once."""
        live = {name: one for name, one in self._batches.items() if one.reset > since}
        return min(live, key=lambda name: live[name].remaining, default=None)

    def figures(self) -> snapshot.RateLimit:
        """The rate limit as the snapshot has it."""
        now = clock.now().timestamp()
        with self._lock:
            if not self._window.started <= now < self._window.ends:
                self._begin_window(now)
            self._settle()
            live = {name: one for name, one in self._batches.items() if one.reset > now}
            current = self._window.shown(now)
            current.busiest_key = self._busiest(now)
            history = [window.shown(window.ends) for window in self._history]
            near = [
                (name, self.limit - one.remaining)
                for name, one in live.items()
                if self.limit - one.remaining >= NEAR * self.limit
            ]
            top = [one.shown() for one in self.top.top(15)]
            last_blocked = self._last_blocked
        counts = self._counters.read()
        return snapshot.RateLimit(
            config=snapshot.LimitConfig(
                rate=self.rate,
                limit=self.limit,
                window_seconds=self.window_seconds,
                strategy="fixed-window",
                storage="redis" if self.is_remote else "memory",
            ),
            storage_up=self.is_storage_up,
            current_window=current,
            approaching_limit=[
                snapshot.NearKey(key=name, hits=used, limit=self.limit, used=used / self.limit)
                for name, used in sorted(near, key=lambda item: -item[1])[:15]
            ],
            history=history,
            lifetime=snapshot.Totals(
                hits=counts.hits, allowed=counts.allowed, blocked=counts.blocked
            ),
            top_consumers=top,
            last_limit_triggered_at=None if last_blocked is None else clock.at(last_blocked),
        )
