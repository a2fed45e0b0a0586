"""The Statuspage v2 public API, for clients that are written for it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from portal.board.banners import Banner
from portal.board.components import ComponentView
from portal.board.feeds import Document, Site
from portal.board.incidents import IncidentView
from portal.board.picture import Indicator, Picture
from portal.status.terms import Status

PAGE = "portal"
# Strict clients know four indicators; maintenance alone is none of theirs.
_INDICATOR = {Indicator.MAINTENANCE: "none"}


def documents(site: Site) -> dict[str, Callable[[Picture], Document]]:
    """What renders each path: its content type and body."""

    def document(*parts: str) -> Callable[[Picture], Document]:
        def render(picture: Picture) -> Document:
            whole = _whole(picture, site)
            body = {"page": whole["page"], **{_KEYS.get(name, name): whole[name] for name in parts}}
            return "application/json", json.dumps(body, ensure_ascii=False).encode()

        return render

    return {
        "/api/v2/summary.json": document("components", "unresolved", "ahead", "status"),
        "/api/v2/status.json": document("status"),
        "/api/v2/components.json": document("components"),
        "/api/v2/incidents.json": document("incidents"),
        "/api/v2/incidents/unresolved.json": document("unresolved"),
        "/api/v2/scheduled-maintenances.json": document("scheduled_maintenances"),
        "/api/v2/scheduled-maintenances/upcoming.json": document("upcoming"),
        "/api/v2/scheduled-maintenances/active.json": document("active"),
    }


_KEYS = {
    "unresolved": "incidents",
    "ahead": "scheduled_maintenances",
    "upcoming": "scheduled_maintenances",
    "active": "scheduled_maintenances",
}


def _whole(picture: Picture, site: Site) -> dict[str, Any]:
    by_slug = {
        one.slug: _component(one, number, picture)
        for number, one in enumerate(picture.public_components, start=1)
    }
    incidents = [
        _incident(one, by_slug, site)
        for one in sorted(picture.incidents, key=lambda one: one.started_at, reverse=True)
        if one.is_public
    ]
    windows = {
        status: [_window(one, site) for one in picture.public(status) if one.kind == "window"]
        for status in (Status.SCHEDULED, Status.ACTIVE, Status.RESOLVED)
    }
    indicator = picture.indicator
    return {
        "page": {
            "id": PAGE,
            "name": site.name,
            "url": site.url,
            "time_zone": "Etc/UTC",
            "updated_at": _stamp(picture.generated_at),
        },
        "status": {
            "indicator": _INDICATOR.get(indicator, indicator.value),
            "description": picture.description,
        },
        "components": [*_groups(picture), *by_slug.values()],
        "incidents": incidents,
        "unresolved": [one for one in incidents if one["resolved_at"] is None],
        "scheduled_maintenances": [one for found in windows.values() for one in found],
        "ahead": windows[Status.ACTIVE] + windows[Status.SCHEDULED],
        "upcoming": windows[Status.SCHEDULED],
        "active": windows[Status.ACTIVE],
    }


def _groups(picture: Picture) -> list[dict[str, Any]]:
    found = []
    for number, (name, members) in enumerate(picture.groups, start=1):
        if not name:
            continue
        worst = max((one.state for one in members), key=lambda state: state.rank)
        found.append(
            {
                **_common(f"group-{number}", name, number, picture),
                "status": worst.value,
                "description": None,
                "group_id": None,
                "group": True,
                "components": [one.slug for one in members],
            }
        )
    return found


def _component(one: ComponentView, position: int, picture: Picture) -> dict[str, Any]:
    groups = {name: f"group-{n}" for n, (name, _) in enumerate(picture.groups, start=1) if name}
    return {
        **_common(one.slug, one.name, position, picture),
        "status": one.state.value,
        "description": one.description or None,
        "group_id": groups.get(one.group),
        "group": False,
    }


def _common(identity: str, name: str, position: int, picture: Picture) -> dict[str, Any]:
    return {
        "id": identity,
        "name": name,
        "created_at": _stamp(picture.generated_at),
        "updated_at": _stamp(picture.generated_at),
        "position": position,
        "showcase": True,
        "start_date": None,
        "page_id": PAGE,
        "only_show_if_degraded": False,
    }


def _incident(one: IncidentView, by_slug: dict[str, dict[str, Any]], site: Site) -> dict[str, Any]:
    updates = [
        {
            "id": f"{one.reference}-{len(one.updates) - number}",
            "status": update.status.value,
            "body": update.message,
            "incident_id": one.reference,
            "created_at": _stamp(update.at),
            "updated_at": _stamp(update.at),
            "display_at": _stamp(update.at),
            "affected_components": None,
            "deliver_notifications": True,
            "custom_tweet": None,
            "tweet_id": None,
        }
        for number, update in enumerate(one.updates)
    ]
    monitoring = [update.at for update in one.updates if update.status == "monitoring"]
    return {
        "id": one.reference,
        "name": one.title,
        "status": one.status.value,
        "created_at": _stamp(one.started_at),
        "updated_at": _stamp(one.updates[0].at if one.updates else one.started_at),
        "monitoring_at": _stamp(monitoring[-1]) if monitoring else None,
        "resolved_at": _stamp(one.resolved_at) if one.resolved_at else None,
        "impact": one.impact.value,
        "shortlink": f"{site.url}/incidents/{one.reference}",
        "started_at": _stamp(one.started_at),
        "page_id": PAGE,
        "incident_updates": updates,
        "components": [
            by_slug[impact.component] for impact in one.components if impact.component in by_slug
        ],
    }


def _window(one: Banner, site: Site) -> dict[str, Any]:
    status = {Status.SCHEDULED: "scheduled", Status.ACTIVE: "in_progress"}.get(
        one.status, "completed"
    )
    published = one.published_at or one.starts_at
    return {
        "id": one.ref,
        "name": one.title,
        "status": status,
        "created_at": _stamp(published),
        "updated_at": _stamp(one.resolved_at or published),
        "monitoring_at": None,
        "resolved_at": _stamp(one.resolved_at) if one.resolved_at else None,
        "impact": "maintenance",
        "shortlink": f"{site.url}/maintenance/{one.ref}",
        "started_at": _stamp(one.starts_at),
        "page_id": PAGE,
        "incident_updates": [
            {
                "id": f"{one.ref}-1",
                "status": status,
                "body": one.message,
                "incident_id": one.ref,
                "created_at": _stamp(published),
                "updated_at": _stamp(published),
                "display_at": _stamp(published),
                "affected_components": None,
                "deliver_notifications": True,
                "custom_tweet": None,
                "tweet_id": None,
            }
        ],
        "components": [],
        "scheduled_for": _stamp(one.starts_at),
        "scheduled_until": _stamp(one.ends_at or one.starts_at),
    }


def _stamp(moment: datetime) -> str:
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
