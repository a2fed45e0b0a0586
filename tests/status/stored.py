"""Windows and series in a database, and their names in order."""

from datetime import timedelta
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from portal.status.windows import Window
from tests import rows
from tests.instants import HOUR, NOW, TICK
from tests.status.window_rows import window as window_of

ZERO = timedelta(0)
_numbers = count(1)


def window(
    session: Session, name: str, starts: timedelta = -HOUR, ends: timedelta = HOUR, **values: Any
) -> Window:
    row = window_of(starts, ends, **{"id": next(_numbers), "reference": name, **values})
    session.add(row)
    session.flush()
    return row


def series(session: Session, number: int = 1) -> int:
    session.add(rows.series(id=number, reference=f"s-{number}"))
    session.flush()
    return number


def names(rows: list[Window]) -> str:
    return " ".join(row.reference for row in rows)


def many(session: Session) -> None:
    """Windows on each side of now and of each limit."""
    window(session, "ended-early", -2 * HOUR, HOUR, ended_at=NOW - HOUR)
    window(session, "ends-now", -HOUR, ZERO)
    window(session, "ended-now", -HOUR, HOUR, ended_at=NOW)
    window(session, "runs", -HOUR, TICK)
    window(session, "starts-now", ZERO, HOUR)
    window(session, "comes", TICK, HOUR)
    window(session, "proposed", HOUR, 2 * HOUR, awaits_approval=True)
    window(session, "off", HOUR, 3 * HOUR, cancelled_at=NOW)
    window(session, "off-ran-out", -2 * HOUR, -HOUR, cancelled_at=NOW)
