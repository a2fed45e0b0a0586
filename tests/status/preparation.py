"""A window by the API, and what is told of it."""

from datetime import timedelta
from typing import Any

from portal import clock
from tests.sites import Site

BASE = "/api/admin/runtime/maintenance"


def window_json(**values: Any) -> dict[str, Any]:
    now = clock.now()
    return {
        "title": "Migration",
        "startsAt": clock.iso(now + timedelta(hours=30)),
        "endsAt": clock.iso(now + timedelta(hours=31)),
        **values,
    }


def told(site: Site) -> str:
    """Everything that the public can read."""
    client = site.client()
    paths = (
        "/",
        "/api/status",
        "/api/runtime/maintenance?windowMinutes=1440",
        "/feed.atom",
        "/calendar.ics",
        "/history",
        "/api/v2/summary.json",
    )
    return "".join(client.get(path).text for path in paths)
