"""A snapshot in which nothing is wrong, and parts of it that are."""

from datetime import UTC, datetime, timedelta
from typing import Any

from portal.runtime import alerts, snapshot
from portal.runtime.snapshot import Alert, Snapshot
from tests.instants import MINUTE

NOW = datetime(2030, 6, 3, 12, 0, 0, 500_000, tzinfo=UTC)
WINDOW = snapshot.LimitWindow(
    started_at=NOW - MINUTE,
    ends_at=NOW,
    hits=0,
    allowed=0,
    blocked=0,
    active_keys=0,
    busiest_key=None,
    blocked_ratio=0.0,
    requests_per_second=0.0,
)


def calm(**values: Any) -> Snapshot:
    """A snapshot in which nothing is wrong."""
    return Snapshot(
        **{
            "id": "s",
            "generated_at": NOW,
            "environment": "test",
            "lifecycle": snapshot.LifecycleState(phase="ready", since="", by="", why=""),
            "readiness": snapshot.Readiness(status="pass", checks=[]),
            "liveness": "pass",
            "rate_limit": limit(),
            "perimeter": snapshot.Perimeter(
                total_blocked=0,
                last_blocked_at=None,
                active_blocked_origins=0,
                blocked_origins=[],
                active_blocks=0,
                auto_blocks=0,
                blocks=[],
                recent=[],
            ),
            "waf": snapshot.Waf(
                engine="own",
                rule_set="own",
                evaluated=0,
                blocked=0,
                errors=0,
                last_block_at=None,
                by_rule=[],
                by_address=[],
                by_agent=[],
                recent_blocks=[],
                auto_block=snapshot.AutoBlock(
                    enabled=False, threshold=0, window_seconds=0, ttl_seconds=0, events=0, active=[]
                ),
            ),
            "database_pool": pool(0),
            "metrics": metrics(),
            "workers": [],
            "maintenance": None,
            "security": None,
            "alerts": [],
            **values,
        }
    )


def limit(near: list[snapshot.NearKey] | None = None, **window: Any) -> snapshot.RateLimit:
    return snapshot.RateLimit(
        config=snapshot.LimitConfig(
            rate="300/minute",
            limit=300,
            window_seconds=60,
            strategy="fixed-window",
            storage="memory",
        ),
        storage_up=True,
        current_window=WINDOW.model_copy(update=window),
        approaching_limit=near or [],
        history=[],
        lifetime=snapshot.Totals(hits=0, allowed=0, blocked=0),
        top_consumers=[],
        last_limit_triggered_at=None,
    )


def pool(pending: int) -> snapshot.DatabasePool:
    return snapshot.DatabasePool(
        engine="sqlite", size=5, available=1, borrowed=4, pending=pending, last_event_at=None
    )


def metrics(*scrapers: snapshot.Scraper) -> snapshot.Metrics:
    return snapshot.Metrics(
        enabled=True,
        last_scrape_at=None,
        seconds_since_last_scrape=0,
        scrapes=0,
        stale=False,
        stale_threshold_seconds=90,
        scrapers=list(scrapers),
        recent_attempts=[],
    )


def scraper(name: str, **values: Any) -> snapshot.Scraper:
    return snapshot.Scraper(
        **{
            "name": name,
            "is_manual": False,
            "last_scrape_at": None,
            "age_seconds": 100,
            "stale": True,
            **values,
        }
    )


def worker(**values: Any) -> snapshot.Worker:
    return snapshot.Worker(
        **{
            "name": "jobs",
            "status": "healthy",
            "is_required": True,
            "pending": 0,
            "stuck": 0,
            "failed": 0,
            "interval_ms": 2000,
            "last_sample_at": NOW - MINUTE,
            "note": "n",
            "history": [],
            **values,
        }
    )


def refusals(count: int, ago: timedelta, address: str = "192.0.2.1") -> list[snapshot.Refused]:
    return [
        snapshot.Refused(at=NOW - ago, reference="r", address=address, rule="x", route="GET /")
        for _ in range(count)
    ]


def hold(**values: Any) -> list[Alert]:
    return alerts.hold(calm(**values), runbook="/runbook")


def only(**values: Any) -> Alert:
    found = hold(**values)
    assert len(found) == 1
    return found[0]
