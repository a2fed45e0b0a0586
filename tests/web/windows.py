"""A form that plans a window, and what is stored or runs of it."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from portal import clock
from portal.status.windows import Window, WindowIn
from portal.unit_of_work import By
from tests.sites import Site
from tests.web.pages import KEY

FORM: dict[str, Any] = {
    "title": "Failover",
    "message": "Two minutes **without writes**.",
    "zone": "Europe/Berlin",
    "audiences": ["public", "operations"],
    "channels": ["web", "email"],
    "startsAt": "2030-06-04T02:00",
    "endsAt": "2030-06-04T03:00",
    "owner": "Ada",
    "impact": "No writes",
    "rollbackPlan": "Switch back",
    "key": KEY,
}


def stored(site: Site) -> list[Window]:
    with site.portal.core.open_session() as session:
        return list(session.scalars(select(Window).order_by(Window.id)))


def running(site: Site, *, title: str = "Failover", minutes: int = 60) -> Window:
    given = WindowIn(title=title, ends_at=clock.now() + timedelta(minutes=minutes))
    return site.portal.status.windows.schedule(By("ada"), given)
