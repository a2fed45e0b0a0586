"""What components are like now and were like on each of the last ninety days.

Everything is derived from spans of time: those of incidents, those set by hand, windows, and
episodes of alerts that a component depends on. The worst wins; a window alone is no downtime.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from portal.schemas import Camel
from portal.status.components import Component, State

DAYS = 90
# What an hour in a state counts as downtime; a window's own hours are left out of that.
WEIGHTS = {State.MAJOR: 1.0, State.PARTIAL: 0.5}


@dataclass(frozen=True)
class Interval:
    """A time in which something was so; `label` says what, such as an incident's reference."""

    state: State
    began_at: datetime
    ended_at: datetime | None
    label: str


def overruled(
    interval: Interval, changed_at: datetime, by_hand: Iterable[Interval]
) -> list[Interval]:
    """What is left of an alert's interval: a state set by hand stands until the alert changes."""
    left = [interval]
    for hand in by_hand:
        if hand.began_at < changed_at:
            continue
        left = [part for one in left for part in _without(one, hand)]
    return left


def _without(one: Interval, hand: Interval) -> list[Interval]:
    parts = []
    if one.began_at < hand.began_at:
        ends = [hand.began_at, *([one.ended_at] if one.ended_at is not None else [])]
        parts.append(Interval(one.state, one.began_at, min(ends), one.label))
    if hand.ended_at is not None and (one.ended_at is None or one.ended_at > hand.ended_at):
        begins = max(one.began_at, hand.ended_at)
        parts.append(Interval(one.state, begins, one.ended_at, one.label))
    return parts


class DayEvent(Camel):
    """One impaired day, in the order of severity: its worst state, how long, and what it was."""

    day: date
    state: State
    minutes: int
    labels: list[str]


class ComponentView(Camel):
    """A component as the page has it; `states` are days, the oldest first, None without data."""

    slug: str
    name: str
    group: str
    description: str
    is_public: bool
    state: State
    uptime: float | None
    states: list[State | None]
    events: list[DayEvent]
    # The first day of its history, and when its state or what is said of it changed last.
    since: date | None = None
    changed_at: datetime | None = None
    # Whether anything says, or ever said, how it is.
    is_watched: bool = True

    @property
    def known_days(self) -> int:
        """How many days the figure of its uptime is of."""
        return sum(state is not None for state in self.states)


def view(
    row: Component, intervals: list[Interval], *, now: datetime, is_watched: bool = True
) -> ComponentView:
    """A component with its history up to `now`."""
    today = now.astimezone(UTC).date()
    first = today - timedelta(days=DAYS - 1)
    begins = datetime.combine(max(first, row.since), datetime.min.time(), UTC)
    current = max(
        (
            one.state
            for one in intervals
            if one.began_at <= now and (one.ended_at is None or one.ended_at > now)
        ),
        key=lambda state: state.rank,
        default=State.OPERATIONAL,
    )
    base: list[State | None] = [
        State.OPERATIONAL if first + timedelta(days=number) >= row.since else None
        for number in range(DAYS)
    ]
    events: list[DayEvent] = []
    downtime = 0.0
    for day, parts in sorted(_by_day(intervals, begins, now).items()):
        seconds, worst, down = _weigh(parts)
        downtime += down
        base[(day - first).days] = worst
        labels = list(dict.fromkeys(one.label for one in parts if one.label))
        events.append(
            DayEvent(day=day, state=worst, minutes=max(1, round(seconds / 60)), labels=labels)
        )
    length = (now - begins).total_seconds()
    return ComponentView(
        slug=row.slug,
        name=row.name,
        group=row.group_name,
        description=row.description,
        is_public=row.is_public,
        state=current,
        uptime=round(1 - downtime / length, 6) if length > 0 else None,
        states=base,
        events=events[::-1],
        since=row.since,
        changed_at=_changed_at(row, intervals, now),
        is_watched=is_watched,
    )


def _changed_at(row: Component, intervals: list[Interval], now: datetime) -> datetime | None:
    moments = [row.updated_at, *(one.began_at for one in intervals)]
    moments += [one.ended_at for one in intervals if one.ended_at]
    return max((moment for moment in moments if moment and moment <= now), default=None)


def _by_day(
    intervals: Iterable[Interval], begins: datetime, now: datetime
) -> dict[date, list[Interval]]:
    """The intervals cut at midnight UTC, by day."""
    found: dict[date, list[Interval]] = {}
    for one in intervals:
        begin, end = max(one.began_at, begins), min(one.ended_at or now, now)
        while begin < end:
            day = begin.astimezone(UTC).date()
            midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC)
            part = Interval(one.state, begin, min(end, midnight), one.label)
            found.setdefault(day, []).append(part)
            begin = midnight
    return found


def _weigh(parts: list[Interval]) -> tuple[float, State, float]:
    """Of one day: seconds in its worst state, that state, and the seconds that count as down."""
    worst = max((one.state for one in parts), key=lambda state: state.rank)
    edges = sorted({edge for one in parts for edge in (one.began_at, one.ended_at) if edge})
    seconds = down = 0.0
    for begin, end in pairwise(edges):
        states = {
            one.state
            for one in parts
            if one.began_at <= begin and one.ended_at is not None and one.ended_at >= end
        }
        if not states:
            continue
        length = (end - begin).total_seconds()
        if worst in states:
            seconds += length
        if State.UNDER_MAINTENANCE not in states:
            down += length * max(WEIGHTS.get(state, 0.0) for state in states)
    return seconds, worst, down


@lru_cache(maxsize=512)
def bars(states: tuple[State | None, ...]) -> tuple[tuple[str, str], ...]:
    """Days as strokes of an SVG, 4 units a day wide and 32 high: (state's word or `none`, path).

    Worse days are lower, and days without data a line at the foot, so that shape tells them apart
    where colour does not.
    """
    tops = {
        None: 28,
        State.OPERATIONAL: 0,
        State.UNDER_MAINTENANCE: 6,
        State.DEGRADED: 10,
        State.PARTIAL: 16,
        State.MAJOR: 20,
    }
    found: dict[str, list[str]] = {}
    for number, state in enumerate(states):
        path = f"M{number * 4 + 2} {tops[state]}V32"
        found.setdefault(state.value if state else "none", []).append(path)
    return tuple((name, "".join(paths)) for name, paths in found.items())
