"""What is on the pages of a grown portal: components, incidents and windows, as rows."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from bench.sizes import DAYS, Sizes, ago


def components(sizes: Sizes, now: datetime) -> Iterator[dict[str, Any]]:
    for number in range(sizes.components):
        yield {
            "id": number + 1,
            "slug": f"part-{number:03}",
            "name": f"Part {number}",
            "group_name": f"Group {number // 10}",
            "position": number,
            "description": "",
            "is_public": True,
            "alerts": [],
            "since": (now - timedelta(days=DAYS)).date(),
            "version": 1,
            "updated_at": now - timedelta(days=DAYS),
        }


def incidents(sizes: Sizes, now: datetime) -> Iterator[dict[str, Any]]:
    years: Counter[int] = Counter()
    for number in range(sizes.incidents):
        began = ago(number, sizes.incidents, now)
        ended = began + timedelta(minutes=40)
        years[began.year] += 1
        yield {
            "id": number + 1,
            "reference": f"INC-{began.year}-{years[began.year]:04}",
            "title": f"Trouble {number}",
            "impact": "major",
            "status": "resolved",
            "audiences": ["public"],
            "started_at": began,
            "resolved_at": ended,
            "next_update_at": None,
            "acknowledged_at": began,
            "acknowledged_by": "ada",
            "root_cause_category": "other",
            "links": [],
            "opened_by": "ada",
            "created_at": began,
            "updated_at": ended,
            "version": sizes.updates,
        }


def updates(sizes: Sizes, now: datetime) -> Iterator[dict[str, Any]]:
    for number in range(sizes.incidents):
        began = ago(number, sizes.incidents, now)
        for step in range(sizes.updates):
            is_last = step == sizes.updates - 1
            yield {
                "incident_id": number + 1,
                "at": began + timedelta(minutes=40) * step / max(1, sizes.updates - 1),
                "status": "resolved" if is_last else "monitoring" if step else "investigating",
                "message": "We look into it, and say more within the hour. " * 3,
                "is_public": True,
                "author": "ada",
            }


def spans(sizes: Sizes, now: datetime, dice: random.Random) -> Iterator[dict[str, Any]]:
    for number in range(sizes.incidents):
        began = ago(number, sizes.incidents, now)
        for component in dice.sample(range(1, sizes.components + 1), min(2, sizes.components)):
            yield {
                "component_id": component,
                "incident_id": number + 1,
                "state": "partial_outage",
                "began_at": began,
                "ended_at": began + timedelta(minutes=40),
            }


def windows(sizes: Sizes, now: datetime, dice: random.Random) -> Iterator[dict[str, Any]]:
    """Most are over; sixty come in the next two months."""
    ahead = min(60, sizes.windows)
    for number in range(sizes.windows):
        is_ahead = number >= sizes.windows - ahead
        start = ago(number, sizes.windows, now)
        if is_ahead:
            start = now + timedelta(days=sizes.windows - number, hours=3)
        yield {
            "reference": f"m-{number:06}",
            "title": f"Maintenance {number}",
            "message": "Shorter answers for a while.",
            "zone": "Europe/Berlin",
            "audiences": ["public"],
            "channels": ["web", "email"],
            "components": [f"part-{dice.randrange(sizes.components):03}"],
            "starts_at": start,
            "ends_at": start + timedelta(hours=1),
            "first_ends_at": start + timedelta(hours=1),
            "owner": "ada",
            "impact": "",
            "rollback_plan": "",
            "effects": {},
            "created_by": "ada",
            "awaits_approval": False,
            "created_at": start - timedelta(days=3),
            "updated_at": start - timedelta(days=3),
            "version": 1,
        }
