"""Rows that are valid around noon; a test says only what it is about."""

from typing import Any

from portal.guard.blocks import Block
from portal.notify.outbox import Delivery
from portal.notify.subscribers import Subscriber
from portal.runtime.episode import Episode
from portal.status.announcements import Announcement
from portal.status.components import Component, Span
from portal.status.incidents import Incident
from portal.status.notices import Notice
from portal.status.series import WindowSeries
from portal.status.windows import Window
from tests.instants import DAY, HOUR, NOW


def component(slug: str = "api", **values: Any) -> Component:
    """A public one, watched for long."""
    return Component(
        **{
            "slug": slug,
            "name": slug,
            "group_name": "",
            "position": 0,
            "description": "",
            "is_public": True,
            "alerts": [],
            "since": (NOW - 300 * DAY).date(),
            "updated_at": NOW,
            "version": 1,
            **values,
        }
    )


def span(component_id: int, state: str, **values: Any) -> Span:
    """An hour of a state that goes on."""
    began = {"began_at": NOW - HOUR, "ended_at": None}
    return Span(**{"component_id": component_id, "state": state, **began, **values})


def window(**values: Any) -> Window:
    """One that runs, for an hour and another one."""
    return Window(
        **{
            "reference": "m-1",
            "title": "T",
            "message": "",
            "translations": {},
            "zone": "UTC",
            "audiences": ["public"],
            "channels": ["web", "email"],
            "components": [],
            "effects": {},
            "owner": "",
            "impact": "",
            "rollback_plan": "",
            "created_by": "ada",
            "starts_at": NOW - HOUR,
            "ends_at": NOW + HOUR,
            "first_ends_at": values.get("ends_at", NOW + HOUR),
            "ended_at": None,
            "cancelled_at": None,
            "awaits_approval": False,
            "created_at": NOW,
            "updated_at": NOW,
            "version": 1,
            **values,
        }
    )


def series(**values: Any) -> WindowSeries:
    """One of an hour each week."""
    return WindowSeries(
        **{
            "reference": "s-1",
            "title": "Weekly",
            "message": "",
            "translations": {},
            "zone": "UTC",
            "audiences": ["public"],
            "channels": ["web"],
            "components": [],
            "effects": {},
            "owner": "",
            "impact": "",
            "rollback_plan": "",
            "rule": "FREQ=WEEKLY",
            "first_local": "2030-06-03T12:00:00",
            "duration_seconds": 3600,
            "planned_until": NOW,
            "awaits_approval": False,
            "created_by": "ada",
            "created_at": NOW,
            "updated_at": NOW,
            "version": 1,
            **values,
        }
    )


def announcement(**values: Any) -> Announcement:
    """One that runs since an hour, and has no end."""
    return Announcement(
        **{
            "slug": "a",
            "title": "T",
            "message": "",
            "translations": {},
            "severity": "info",
            "is_draft": False,
            "audiences": ["public"],
            "channels": ["web", "email"],
            "dismissible": True,
            "starts_at": NOW - HOUR,
            "ends_at": None,
            "published_at": NOW,
            "resolved_at": None,
            "last_broadcast_at": None,
            "created_at": NOW,
            "updated_at": NOW,
            "version": 1,
            **values,
        }
    )


def incident(**values: Any) -> Incident:
    """One that is open since an hour."""
    return Incident(
        **{
            "reference": "INC-1",
            "title": "Slow",
            "translations": {},
            "impact": "major",
            "status": "identified",
            "audiences": ["public"],
            "started_at": NOW - HOUR,
            "resolved_at": None,
            "next_update_at": None,
            "links": [],
            "opened_by": "ada",
            "created_at": NOW,
            "updated_at": NOW,
            "version": 1,
            **values,
        }
    )


def episode(**values: Any) -> Episode:
    """An alert of the portal's own that holds since an hour."""
    return Episode(
        **{
            "alert": "worker-stuck",
            "subject": "mails",
            "title": "Jobs do not move",
            "severity": "critical",
            "opened_at": NOW - HOUR,
            "seen_at": NOW,
            "closed_at": None,
            "value": 1.0,
            "peak": 1.0,
            "threshold": 0.0,
            "unit": "jobs",
            "labels": {},
            "source": "portal",
            **values,
        }
    )


def notice(**values: Any) -> Notice:
    """The start of a window, which is told to everyone and not yet addressed."""
    return Notice(
        **{
            "key": "k1",
            "kind": "window",
            "event": "started",
            "ref": "m-1",
            "title": "T",
            "message": "",
            "facts": {},
            "audiences": ["public"],
            "channels": ["email", "api"],
            "components": [],
            "occurred_at": NOW,
            "created_at": NOW,
            "position": 0,
            "addressed_at": None,
            **values,
        }
    )


def subscriber(number: int = 1, **values: Any) -> Subscriber:
    """A mailbox that wants to know of everything, and said so an hour ago."""
    return Subscriber(
        **{
            "id": number,
            "kind": "mail",
            "address": f"p{number}@example.com",
            "topics": ["incidents", "maintenance", "announcements"],
            "components": [],
            "wanted": {},
            "question": None,
            "asked_at": NOW - HOUR,
            "confirmed_at": NOW - HOUR,
            "secret": "",
            "created_at": NOW - HOUR,
            **values,
        }
    )


def delivery(**values: Any) -> Delivery:
    """One that is due now, and that nobody has taken."""
    return Delivery(
        **{
            "notice_id": 1,
            "recipient": "subscriber 1",
            "queue": "mail",
            "state": "pending",
            "attempts": 0,
            "due_at": NOW,
            "claimed_by": "",
            "claimed_until": None,
            "settled_at": None,
            "error": "",
            **values,
        }
    )


def block(**values: Any) -> Block:
    """A ban of an address for another hour."""
    return Block(
        **{
            "id": "blk1",
            "scope": "ip",
            "value": "192.0.2.1",
            "kind": "ban",
            "source": "manual",
            "reason": "r",
            "created_at": NOW - HOUR,
            "until": NOW + HOUR,
            "created_by": "ada",
            "is_forced": False,
            "removed_at": None,
            "expiry_noted": False,
            "version": 1,
            **values,
        }
    )
