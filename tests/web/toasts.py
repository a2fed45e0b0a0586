"""Toasts in pages of the panel, and their Undo."""

import re
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from portal import clock
from portal.status.notices import Notice
from portal.status.windows import Window, WindowIn
from portal.unit_of_work import By
from tests.people import Person
from tests.sites import Site
from tests.web.pages import text_of


def toast_of(person: Person, page: str = "/panel/runbook") -> str:
    """The toast of the next page; it is said once."""
    text = text_of(person.client.get(page))
    found = re.search(r"<div class=\"toast\".*?</div>", text, re.DOTALL)
    return found[0] if found else ""


def undo(person: Person, toast: str, **more: Any) -> Any:
    path = re.search(r'action="([^"]+)"', toast)
    note = re.search(r'name="note" value="([^"]+)"', toast)
    assert path, toast
    assert note, toast
    return person.post(path[1], note=note[1], **more)


def only(site: Site, table: Any) -> Any:
    with site.portal.core.open_session() as session:
        return session.scalars(select(table)).one()


def notices(site: Site) -> list[str]:
    with site.portal.core.open_session() as session:
        rows = session.scalars(select(Notice).order_by(Notice.id))
        return [f"{row.kind} {row.event}" for row in rows]


def window(site: Site, **times: Any) -> Window:
    times.setdefault("ends_at", clock.now() + timedelta(hours=2))
    return site.portal.status.windows.schedule(By("eve"), WindowIn(title="Failover", **times))


def times_of(row: Window) -> tuple[Any, ...]:
    return (row.starts_at, row.ends_at, row.first_ends_at, row.ended_at, row.cancelled_at)
