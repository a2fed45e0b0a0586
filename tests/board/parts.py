"""A component and stretches of its state, as values; hours are counted back from `NOW`."""

from datetime import date, datetime

from portal.board.days import Interval
from portal.status.components import Component, State
from tests.instants import HOUR, NOW
from tests.rows import component


def part(since: date = date(2030, 1, 1)) -> Component:
    return component("api", name="API", since=since, updated_at=None)


def stored(number: int, since: date, updated_at: datetime, *, is_public: bool = True) -> Component:
    """A row of a component as the database has it, `c0` and so on."""
    named = {"id": number + 1, "name": f"C{number}", "position": number}
    return component(f"c{number}", **named, is_public=is_public, since=since, updated_at=updated_at)


def interval(state: State, begin: float, end: float | None, label: str = "") -> Interval:
    """Hours before now."""
    return Interval(state, NOW - HOUR * begin, None if end is None else NOW - HOUR * end, label)
