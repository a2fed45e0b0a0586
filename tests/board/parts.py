"""A component and stretches of its state, as values; hours are counted back from `NOW`."""

from datetime import UTC, date, datetime, timedelta

from portal.board.days import Interval
from portal.status.components import Component, State

NOW = datetime(2030, 6, 3, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


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


def interval(state: State, begin: float, end: float | None, label: str = "") -> Interval:
    """Hours before now."""
    return Interval(state, NOW - HOUR * begin, None if end is None else NOW - HOUR * end, label)
