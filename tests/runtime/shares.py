"""What a process of a node tells of itself."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from portal.runtime.node import Node
from portal.runtime.snapshot import (
    ActiveBlock,
    AutoBlock,
    Consumer,
    DatabasePool,
    LimitConfig,
    LimitWindow,
    NearKey,
    Perimeter,
    RateLimit,
    Refused,
    RouteCount,
    Totals,
    Waf,
)
from tests.instants import MINUTE, NOW


def window(hits: int, blocked: int, *, minutes: int = 0, busiest: str = "ip:a") -> LimitWindow:
    begin = NOW - minutes * MINUTE
    return LimitWindow(
        started_at=begin,
        ends_at=begin + MINUTE,
        hits=hits,
        allowed=hits - blocked,
        blocked=blocked,
        active_keys=hits,
        busiest_key=busiest,
        blocked_ratio=round(blocked / hits, 4) if hits else 0.0,
        requests_per_second=hits / 60,
    )


def consumer(key: str, hits: int, blocked: int, route: str = "GET /") -> Consumer:
    return Consumer(
        key=key,
        hits=hits,
        allowed=hits - blocked,
        blocked=blocked,
        first_seen_at=NOW - hits * MINUTE,
        last_seen_at=NOW,
        routes=[RouteCount(route=route, hits=hits)],
    )


def refused(minutes: int) -> Refused:
    return Refused(
        at=NOW - minutes * MINUTE,
        reference=f"r{minutes}",
        address="203.0.113.7",
        rule="sqli",
        route="GET /",
    )


def block(source: str) -> ActiveBlock:
    return ActiveBlock(
        id=f"blk-{source}",
        scope="ip",
        value="203.0.113.7",
        kind="ban",
        source=source,
        reason="x",
        created_at=NOW,
        until=NOW + MINUTE,
        created_by="ada",
        version=1,
    )


@dataclass
class Process:
    """One process of a node, with figures as a test sets them."""

    folder: Path
    pid: int
    current: LimitWindow = field(default_factory=lambda: window(10, 0))
    history: list[LimitWindow] = field(default_factory=list)
    consumers: list[Consumer] = field(default_factory=list)
    near: list[NearKey] = field(default_factory=list)
    lifetime: int = 10
    storage_up: bool = True
    refusals: list[Refused] = field(default_factory=list)
    origins: int = 0
    size: int = 2
    borrowed: int = 0

    def node(self) -> Node:
        return Node(
            self.folder,
            rate_limit=self.rate_limit,
            waf=self.waf,
            perimeter=self.perimeter,
            pool=lambda: DatabasePool(
                engine="sqlite",
                size=self.size,
                available=self.size - self.borrowed,
                borrowed=self.borrowed,
                pending=0,
                last_event_at=NOW,
            ),
            phase=lambda: ("ready", self.borrowed),
        )

    def rate_limit(self) -> RateLimit:
        return RateLimit(
            config=LimitConfig(
                rate="300/minute", limit=300, window_seconds=60, strategy="fixed", storage="memory"
            ),
            storage_up=self.storage_up,
            current_window=self.current,
            history=self.history,
            approaching_limit=self.near,
            lifetime=Totals(hits=self.lifetime, allowed=self.lifetime, blocked=0),
            top_consumers=self.consumers,
            last_limit_triggered_at=None,
        )

    def waf(self) -> Waf:
        return Waf(
            engine="off",
            rule_set="none",
            evaluated=0,
            blocked=0,
            errors=0,
            last_block_at=self.refusals[0].at if self.refusals else None,
            by_rule=[],
            by_address=[],
            by_agent=[],
            recent_blocks=self.refusals,
            auto_block=AutoBlock(
                enabled=False, threshold=8, window_seconds=300, ttl_seconds=900, events=0, active=[]
            ),
        )

    def perimeter(self) -> Perimeter:
        return Perimeter(
            total_blocked=0,
            last_blocked_at=self.refusals[0].at if self.refusals else None,
            active_blocked_origins=self.origins,
            blocked_origins=[],
            active_blocks=2,
            auto_blocks=1,
            blocks=[block("auto"), block("manual")],
            recent=self.refusals,
        )

    def tell(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Tell the siblings, as a process of that number does."""
        with monkeypatch.context() as patch:
            patch.setattr(os, "getpid", lambda: self.pid)
            self.node().publish()
