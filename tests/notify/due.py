"""What is due at noon, of rows that are put there."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.notify import timetable
from portal.runtime.episode import Episode
from portal.status.incidents import Incident
from portal.status.notices import Notice
from portal.status.windows import Window
from tests import rows
from tests.instants import DAY, HOUR, MINUTE, NOW

SETTINGS: Any = SimpleNamespace(reminders=(DAY, HOUR), sustained_after=5 * MINUTE)


def due(session: Session, settings: Any = SETTINGS) -> list[Notice]:
    """What one look tells; a second look tells nothing new."""
    session.flush()
    before = set(session.scalars(select(Notice.id)))
    for act in timetable.due(session, settings, now=NOW):
        act()
    assert timetable.due(session, settings, now=NOW) == []
    rows = session.scalars(select(Notice).order_by(Notice.id)).all()
    return [row for row in rows if row.id not in before]


def window(session: Session, starts: timedelta, ends: timedelta, **values: Any) -> Window:
    times = {"starts_at": NOW + starts, "ends_at": NOW + ends, "created_at": NOW - 9 * DAY}
    row = rows.window(**{**times, **values})
    session.add(row)
    return row


def incident(session: Session, **values: Any) -> Incident:
    row = rows.incident(**{"next_update_at": NOW, **values})
    session.add(row)
    return row


def episode(session: Session, number: int = 1, **values: Any) -> Episode:
    named = {"id": number, "alert": "worker-error", "subject": f"jobs{number}", "title": "T"}
    row = rows.episode(**{**named, "unit": "s", **values})
    session.add(row)
    return row
