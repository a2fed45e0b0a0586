"""The Statuspage v2 public API, for clients that are written for it."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from portal.board.banners import Banner
from portal.board.components import ComponentView
from portal.board.incidents import IncidentView
from portal.board.picture import Picture
from portal.board.site import Document, Site
from portal.status.components import State
from portal.status.notices import SENT
from portal.status.terms import Status

PAGE = "portal"
# As many as the original has of what is over, running and next together.
LATEST = 50


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

    def windows(found: Iterable[Banner]) -> list[dict[str, Any]]:
        return [_window(one, by_slug, picture, site) for one in found if one.kind == "window"]

    active = windows(sorted(picture.active, key=lambda one: one.starts_at, reverse=True))
    upcoming = windows(picture.upcoming)
    over = sorted(
        picture.public(Status.RESOLVED), key=lambda one: one.over_at or one.starts_at, reverse=True
    )
    unresolved = [one for one in incidents if one["resolved_at"] is None]
    return {
        "page": {
            "id": PAGE,
            "name": site.name,
            "url": site.url,
            "time_zone": "Etc/UTC",
            "updated_at": _stamp(picture.changed_at),
        },
        "status": {"indicator": picture.indicator.value, "description": picture.description},
        "components": [*_groups(picture), *by_slug.values()],
        # What is open is there, however long ago it began.
        "incidents": _latest(incidents),
        "unresolved": unresolved,
        "scheduled_maintenances": (active + windows(picture.coming) + windows(over))[
            : max(LATEST, len(active))
        ],
        # Of windows that come again the next two; `upcoming.json` has them all.
        "ahead": active + windows(picture.coming),
        "upcoming": upcoming,
        "active": active,
    }


def _latest(incidents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The latest, in their order, and what is open however long ago it began."""
    return [
        one for number, one in enumerate(incidents) if number < LATEST or one["resolved_at"] is None
    ]


def _groups(picture: Picture) -> list[dict[str, Any]]:
    found = []
    for number, (name, members) in enumerate(picture.groups, start=1):
        if not name:
            continue
        worst = max((one.state for one in members), key=lambda state: state.rank)
        found.append(
            {
                **_common(f"group-{number}", name, number, members),
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
        **_common(one.slug, one.name, position, [one]),
        "status": one.state.value,
        "description": one.description or None,
        "group_id": groups.get(one.group),
        "group": False,
    }


def _common(
    identity: str, name: str, position: int, members: Sequence[ComponentView]
) -> dict[str, Any]:
    """Of a component, or of a group: the first day and the last change of its members."""
    since = min((one.since for one in members if one.since), default=date.min)
    created = datetime.combine(since, time(), UTC)
    changed = max((one.changed_at for one in members if one.changed_at), default=created)
    return {
        "id": identity,
        "name": name,
        "created_at": _stamp(created),
        "updated_at": _stamp(changed),
        "position": position,
        "showcase": True,
        "start_date": since.isoformat(),
        "page_id": PAGE,
        "only_show_if_degraded": False,
    }


def _incident(one: IncidentView, by_slug: dict[str, dict[str, Any]], site: Site) -> dict[str, Any]:
    impacts = [impact for impact in one.components if impact.component in by_slug]
    updates = [
        _update(
            one.reference,
            len(one.updates) - number,
            update.status.value,
            update.message,
            update.at,
            affected=[
                _affected(
                    by_slug[impact.component],
                    # The first word finds it well, the last leaves it well.
                    old=_WELL if number == len(one.updates) - 1 else impact.state.value,
                    new=_WELL if update.status == "resolved" else impact.state.value,
                )
                for impact in impacts
            ],
            is_sent=True,
        )
        for number, update in enumerate(one.updates)
    ]
    monitoring = [update.at for update in one.updates if update.status == "monitoring"]
    changed = one.updates[0].at if one.updates else one.started_at
    status, learned = one.status.value, one.postmortem
    if learned:
        status = "postmortem"
        changed = max(changed, learned.updated_at)
    return {
        "id": one.reference,
        "name": one.title,
        "status": status,
        "created_at": _stamp(one.started_at),
        "updated_at": _stamp(changed),
        "monitoring_at": _stamp(monitoring[-1]) if monitoring else None,
        "resolved_at": _stamp(one.resolved_at) if one.resolved_at else None,
        "impact": one.impact.value,
        "shortlink": f"{site.url}/incidents/{one.reference}",
        "started_at": _stamp(one.started_at),
        "page_id": PAGE,
        "incident_updates": updates,
        "components": [by_slug[impact.component] for impact in impacts],
        "postmortem_body": learned.body if learned else None,
        "postmortem_body_last_updated_at": _stamp(learned.updated_at) if learned else None,
        "postmortem_published_at": _stamp(learned.updated_at) if learned else None,
        "postmortem_ignored": False,
        "postmortem_notified_subscribers": learned is not None,
        "postmortem_notified_twitter": False,
    }


def _window(
    one: Banner, by_slug: dict[str, dict[str, Any]], picture: Picture, site: Site
) -> dict[str, Any]:
    now = picture.now
    told_at = one.published_at or one.starts_at
    over_at = one.over_at if one.status is Status.RESOLVED else None
    status = _OF_WINDOW.get(one.status, "completed")
    affected = [by_slug[slug] for slug in one.components if slug in by_slug]
    # The times tell its story: what was planned, that it began, that it is over.
    story = [("scheduled", one.message, told_at, _WELL, _WELL)]
    if one.status is not Status.SCHEDULED:
        under = State.UNDER_MAINTENANCE.value
        begun = max(told_at, one.starts_at)
        story.append(("in_progress", "The maintenance is in progress.", begun, _WELL, under))
        if over_at:
            story.append(("completed", "The maintenance has ended.", over_at, under, _WELL))
    return {
        "id": one.ref,
        "name": one.title,
        "status": status,
        "created_at": _stamp(told_at),
        "updated_at": _stamp(one.changed_at(now)),
        "monitoring_at": None,
        "resolved_at": _stamp(over_at) if over_at else None,
        "impact": "maintenance",
        "shortlink": f"{site.url}/maintenance/{one.ref}",
        "started_at": _stamp(one.starts_at),
        "page_id": PAGE,
        "incident_updates": [
            _update(
                one.ref,
                number,
                step,
                text,
                at,
                affected=[_affected(part, old=old, new=new) for part in affected],
                is_sent=any(channel in SENT for channel in one.channels),
            )
            for number, (step, text, at, old, new) in reversed(list(enumerate(story, start=1)))
        ],
        "components": affected,
        "scheduled_for": _stamp(one.starts_at),
        "scheduled_until": _stamp(one.ends_at or one.starts_at),
    }


_WELL = State.OPERATIONAL.value
_OF_WINDOW = {Status.SCHEDULED: "scheduled", Status.ACTIVE: "in_progress"}


def _update(
    reference: str,
    number: int,
    status: str,
    body: str,
    at: datetime,
    *,
    affected: list[dict[str, Any]],
    is_sent: bool,
) -> dict[str, Any]:
    """One line of a timeline; `is_sent` says whether subscribers were told of it."""
    return {
        "id": f"{reference}-{number}",
        "status": status,
        "body": body,
        "incident_id": reference,
        "created_at": _stamp(at),
        "updated_at": _stamp(at),
        "display_at": _stamp(at),
        "affected_components": affected,
        "deliver_notifications": is_sent,
        "custom_tweet": None,
        "tweet_id": None,
    }


def _affected(part: dict[str, Any], *, old: str, new: str) -> dict[str, Any]:
    return {"code": part["id"], "name": part["name"], "old_status": old, "new_status": new}


def _stamp(moment: datetime) -> str:
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
