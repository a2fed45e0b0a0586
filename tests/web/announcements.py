"""A form that tells of something, and what is stored of it."""

from typing import Any

from sqlalchemy import select

from portal.status.announcements import Announcement
from tests.sites import Site
from tests.web.pages import KEY

FORM: dict[str, Any] = {
    "title": "New terms",
    "message": "They begin **in July**.",
    "severity": "info",
    "status": "active",
    "audiences": ["public"],
    "channels": ["web"],
    "startsAt": "",
    "endsAt": "2030-06-10T12:00",
    "dismissible": "on",
    "key": KEY,
}


def stored(site: Site) -> list[Announcement]:
    with site.portal.core.open_session() as session:
        return list(session.scalars(select(Announcement).order_by(Announcement.id)))
