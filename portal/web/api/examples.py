"""Bodies that the API reference shows, by the schema that they are of."""

from typing import Any

EXAMPLES: dict[str, Any] = {
    "AnnouncementIn": {
        "title": "Slow email delivery",
        "message": "Messages to some providers arrive late. We are following up with them.",
        "severity": "info",
        "status": "active",
    },
    "BlockIn": {
        "scope": "ip",
        "value": "203.0.113.9",
        "duration": "6h",
        "reason": "Scans for admin pages",
    },
    "ComponentIn": {"slug": "api", "name": "API", "group": "For developers", "position": 1},
    "IncidentIn": {
        "title": "Errors from the API",
        "impact": "major",
        "status": "investigating",
        "message": "Some requests fail. We are looking into it.",
        "components": [{"component": "api", "state": "partial_outage"}],
    },
    "UpdateIn": {"status": "identified", "message": "A disk is full. We are adding space."},
    "WindowIn": {
        "title": "Database failover drill",
        "message": "Up to two minutes **without writes**.",
        "zone": "Europe/Berlin",
        "startsAt": "2031-06-03T00:00:00Z",
        "endsAt": "2031-06-03T01:00:00Z",
        "components": ["api"],
    },
    "WorkerIn": {"status": "healthy", "pending": 4, "stuck": 0, "note": "Caught up"},
}
