"""A component and stretches of its state, as values; hours are counted back from `NOW`."""

from datetime import date, datetime

from portal.board.days import Interval
from portal.status.components import Component, State
from tests.instants import HOUR, NOW


def part(since: date = date(2030, 1, 1)) -> Component:
    return Component(
        slug="api",
        name="API",
        group_name="",
        position=0,
        description="",
        is_public=True,
        alerts=[],
        since=since,
        version=1,
    )


def stored(number: int, since: date, updated_at: datetime, *, is_public: bool = True) -> Component:
    """A row of a component as the database has it, `c0` and so on."""
    return Component(
        id=number + 1,
        slug=f"c{number}",
        name=f"C{number}",
        group_name="",
        position=number,
        description="",
        is_public=is_public,
        alerts=[],
        since=since,
        version=1,
        updated_at=updated_at,
    )


def interval(state: State, begin: float, end: float | None, label: str = "") -> Interval:
    """Hours before now."""
    return Interval(state, NOW - HOUR * begin, None if end is None else NOW - HOUR * end, label)
