"""A picture of banners, components and incidents, as values around noon."""

from typing import Any

from portal.board.banners import Banner
from portal.board.components import ComponentView
from portal.board.incidents import IncidentView
from portal.board.picture import Picture
from portal.status.components import State
from tests.instants import HOUR, NOW


def banner(ref: str = "m-1", **values: Any) -> Banner:
    return Banner(
        **{
            "kind": "window",
            "ref": ref,
            "title": ref,
            "message": "",
            "message_html": "",
            "severity": "maintenance",
            "status": "active",
            "audiences": ["public"],
            "channels": ["web"],
            "dismissible": False,
            "zone": "UTC",
            "starts_at": NOW - HOUR,
            "ends_at": NOW + HOUR,
            "published_at": None,
            "resolved_at": None,
            "version": 1,
            **values,
        }
    )


def part(slug: str, state: State = State.OPERATIONAL, **values: Any) -> ComponentView:
    return ComponentView(
        **{
            "slug": slug,
            "name": slug,
            "group": "",
            "description": "",
            "is_public": True,
            "state": state,
            "uptime": 1.0,
            "states": [],
            "events": [],
            **values,
        }
    )


def event(ref: str = "INC-2030-0001", **values: Any) -> IncidentView:
    return IncidentView(
        **{
            "reference": ref,
            "title": ref,
            "impact": "major",
            "status": "investigating",
            "audiences": ["public"],
            "started_at": NOW - HOUR,
            "resolved_at": None,
            "next_update_at": None,
            "components": [],
            "updates": [],
            **values,
        }
    )


def picture(*found: Banner, **values: Any) -> Picture:
    return Picture(
        **{
            "revision": 1,
            "generated_at": NOW,
            "valid_until": NOW + HOUR,
            "banners": found,
            **values,
        }
    )


def refs(found: Any) -> list[str]:
    return [one.ref for one in found]
