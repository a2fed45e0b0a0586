"""The figures of a node: this process's and those that its siblings told in the run directory.

Each web process writes a small file a second. A file that was not renewed for five seconds
belongs to a process that is gone, and no longer counts. Counters need none of this: the
processes share them already.
"""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog
from pydantic import ValidationError

from portal import clock
from portal.runtime.snapshot import (
    Consumer,
    DatabasePool,
    LimitWindow,
    Perimeter,
    RateLimit,
    Refused,
    Waf,
)
from portal.schemas import Camel

_log = structlog.get_logger()
FORGOTTEN_AFTER_SECONDS = 5.0
HISTORY = 12
MOST_LISTED = 15


class Share(Camel):
    """What one process tells; `boot` is when, on the boot clock."""

    pid: int
    boot: float
    rate_limit: RateLimit
    waf: Waf
    perimeter: Perimeter
    pool: DatabasePool
    phase: str = "ready"
    in_flight: int = 0


class Node:
    """Reads and writes the shares of one node."""

    def __init__(
        self,
        run_dir: Path,
        *,
        rate_limit: Callable[[], RateLimit],
        waf: Callable[[], Waf],
        perimeter: Callable[[], Perimeter],
        pool: Callable[[], DatabasePool],
        phase: Callable[[], tuple[str, int]],
    ) -> None:
        self._dir = run_dir / "processes"
        self._rate_limit = rate_limit
        self._waf = waf
        self._perimeter = perimeter
        self._pool = pool
        self._phase = phase

    def publish(self) -> None:
        """Tell the siblings; OSError when the run directory cannot be used."""
        self._dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        phase, in_flight = self._phase()
        share = Share(
            phase=phase,
            in_flight=in_flight,
            pid=os.getpid(),
            boot=clock.boot_seconds(),
            rate_limit=self._rate_limit(),
            waf=self._waf(),
            perimeter=self._perimeter(),
            pool=self._pool(),
        )
        fresh = self._dir / f"{share.pid}.new"
        fresh.write_text(share.model_dump_json(), encoding="utf-8")
        fresh.replace(self._dir / f"{share.pid}.json")

    def rate_limit(self) -> RateLimit:
        """The rate limit over all processes of the node."""
        merged = self._rate_limit()
        for share in self._siblings():
            merged = _merge(merged, share.rate_limit)
        return merged

    def waf(self) -> Waf:
        """The WAF over all processes; counters are shared already."""
        own = self._waf()
        for other in (share.waf for share in self._siblings()):
            own.last_block_at = _latest(own.last_block_at, other.last_block_at)
            own.recent_blocks = _newest(own.recent_blocks, other.recent_blocks)
            own.blocked_lately += other.blocked_lately
        own.auto_block.active = [
            block for block in self._perimeter().blocks if block.source == "auto"
        ]
        return own

    def perimeter(self) -> Perimeter:
        """The perimeter over all processes; blocks are the same in each."""
        own = self._perimeter()
        for other in (share.perimeter for share in self._siblings()):
            own.last_blocked_at = _latest(own.last_blocked_at, other.last_blocked_at)
            own.recent = _newest(own.recent, other.recent)
            own.blocked_lately += other.blocked_lately
            # An origin may be known to both; the larger count is the least that is true.
            own.active_blocked_origins = max(
                own.active_blocked_origins, other.active_blocked_origins
            )
        return own

    def pool(self) -> DatabasePool:
        """The pools of all processes of the node, added up."""
        own = self._pool()
        for other in (share.pool for share in self._siblings()):
            moments = [one for one in (own.last_event_at, other.last_event_at) if one]
            own = DatabasePool(
                engine=own.engine,
                size=own.size + other.size,
                available=own.available + other.available,
                borrowed=own.borrowed + other.borrowed,
                pending=own.pending + other.pending,
                last_event_at=max(moments, default=None),
            )
        return own

    def shares(self) -> list[Share]:
        """What the serving processes of the node told, this one aside."""
        return self._siblings()

    def _siblings(self) -> list[Share]:
        now, found = clock.boot_seconds(), []
        for path in sorted(self._dir.glob("*.json")):
            if path.stem == str(os.getpid()):
                continue
            try:
                share = Share.model_validate_json(path.read_bytes())
            except FileNotFoundError:
                continue
            except (OSError, ValidationError) as error:
                _log.warning("node.share_unreadable", path=path.name, error=type(error).__name__)
                continue
            if 0 <= now - share.boot < FORGOTTEN_AFTER_SECONDS:
                found.append(share)
        return found


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((moment for moment in (one, other) if moment), default=None)


def _newest(one: list[Refused], other: list[Refused]) -> list[Refused]:
    return sorted([*one, *other], key=lambda refused: refused.at, reverse=True)[:25]


def _merge(one: RateLimit, other: RateLimit) -> RateLimit:
    windows = {window.started_at: window for window in (one.current_window, *one.history)}
    for window in (other.current_window, *other.history):
        mine = windows.get(window.started_at)
        windows[window.started_at] = window if mine is None else _add(mine, window)
    current = windows.pop(max(windows))
    near = {key.key: key for key in one.approaching_limit}
    for key in other.approaching_limit:
        if key.key not in near or near[key.key].used < key.used:
            near[key.key] = key
    consumers = {consumer.key: consumer for consumer in one.top_consumers}
    for consumer in other.top_consumers:
        mine_too = consumers.get(consumer.key)
        consumers[consumer.key] = consumer if mine_too is None else _join(mine_too, consumer)
    triggered = [
        moment for moment in (one.last_limit_triggered_at, other.last_limit_triggered_at) if moment
    ]
    return RateLimit(
        config=one.config,
        storage_up=one.storage_up and other.storage_up,
        current_window=current,
        approaching_limit=sorted(near.values(), key=lambda key: -key.used)[:MOST_LISTED],
        history=[windows[moment] for moment in sorted(windows, reverse=True)][:HISTORY],
        # Both read the same shared counters; the larger one read them later.
        lifetime=max(one.lifetime, other.lifetime, key=lambda totals: totals.hits),
        top_consumers=sorted(consumers.values(), key=lambda key: (-key.blocked, -key.hits))[
            :MOST_LISTED
        ],
        last_limit_triggered_at=max(triggered, default=None),
    )


def _add(one: LimitWindow, other: LimitWindow) -> LimitWindow:
    hits, blocked = one.hits + other.hits, one.blocked + other.blocked
    busier = one if one.hits >= other.hits else other
    return one.model_copy(
        update={
            "hits": hits,
            "allowed": one.allowed + other.allowed,
            "blocked": blocked,
            # A key may be known to both; the larger count is the least that is true.
            "active_keys": max(one.active_keys, other.active_keys),
            "busiest_key": busier.busiest_key,
            "blocked_ratio": round(blocked / hits, 4) if hits else 0.0,
            "requests_per_second": round(one.requests_per_second + other.requests_per_second, 2),
        }
    )


def _join(one: Consumer, other: Consumer) -> Consumer:
    routes = {route.route: route for route in one.routes}
    for route in other.routes:
        mine = routes.get(route.route)
        routes[route.route] = (
            route if mine is None else mine.model_copy(update={"hits": mine.hits + route.hits})
        )
    return Consumer(
        key=one.key,
        hits=one.hits + other.hits,
        allowed=one.allowed + other.allowed,
        blocked=one.blocked + other.blocked,
        first_seen_at=min(one.first_seen_at, other.first_seen_at),
        last_seen_at=max(one.last_seen_at, other.last_seen_at),
        routes=sorted(routes.values(), key=lambda route: -route.hits)[:5],
    )
