"""Monitors for rules that need a row and no site."""

from datetime import UTC, datetime
from typing import Any

from portal.monitors.monitor import Monitor

START = datetime(2030, 6, 3, 12, 0, tzinfo=UTC)


def monitor(id: int = 7, slug: str = "a", **values: Any) -> Monitor:
    """A row that is not stored yet."""
    return Monitor(
        **{
            "id": id,
            "slug": slug,
            "name": slug.upper(),
            "kind": "tcp",
            "interval_seconds": 60,
            "timeout_seconds": 9,
            "down_count": 1,
            "down_of": 1,
            "up_after": 1,
            "depends_on": [],
            "nodes": "any",
            "is_inverted": False,
            "is_paused": False,
            "is_free": False,
            "shows_latency": False,
            "impact": "major_outage",
            "certificate_days": 0,
            "config": {"host": "a", "port": 1},
            "created_at": START,
            "updated_at": START,
            "version": 1,
            **values,
        }
    )
