"""A picture that is taken now, of rows that are put there."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from portal.board import published
from portal.board.picture import Picture
from portal.status.components import Span, State
from portal.status.windows import Window
from tests import rows
from tests.instants import HOUR, NOW


def take(session: Session) -> Picture:
    session.flush()
    return published.take(session, now=NOW)


def moment(step: timedelta | None) -> datetime | None:
    return None if step is None else NOW + step


def window(session: Session, **values: Any) -> Window:
    row = rows.window(**values)
    session.add(row)
    return row


def part(session: Session, slug: str = "api", **values: Any) -> None:
    session.add(rows.component(slug, **values))
    session.flush()


def incident(session: Session, number: int = 1, **values: Any) -> None:
    started = {"started_at": NOW - 3 * HOUR}
    session.add(rows.incident(**{"id": number, "reference": f"INC-{number}", **started, **values}))
    session.flush()


def span(session: Session, began: timedelta, ended: timedelta | None, **values: Any) -> None:
    session.add(
        Span(
            **{
                "component_id": 1,
                "incident_id": None,
                "state": "major_outage",
                "began_at": NOW + began,
                "ended_at": moment(ended),
                **values,
            }
        )
    )


def events(session: Session, number: int = 0) -> list[tuple[State, list[str]]]:
    return [(one.state, one.labels) for one in take(session).components[number].events]
