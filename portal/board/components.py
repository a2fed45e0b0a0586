"""What components are like now and were like on each of the last ninety days.

Everything is derived from spans of time: those of incidents, those set by hand, windows, and
episodes of alerts that a component depends on. The uptime is of whole days, today among them.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from portal.board import days, instants
from portal.board.days import DayEvent, Interval
from portal.schemas import Camel
from portal.status.components import Component, State

DAYS = 90
_DAY_SECONDS = instants.DAY.total_seconds()


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
    # The latest day first.
    events: list[DayEvent]
    # The first day of its history, and when its state or what is said of it changed last.
    since: date | None = None
    changed_at: datetime | None = None
    # Whether anything says, or ever said, how it is.
    is_watched: bool = True
    # What reaches beyond the beginning of `today`, so that it can be seen at a later instant.
    today: date | None = None
    ahead: list[Interval] = []

    @property
    def known_days(self) -> int:
        """How many days the figure of its uptime is of."""
        return sum(state is not None for state in self.states)

    def at(self, now: datetime) -> "ComponentView":
        """The same seen at a later instant, from what it knows."""
        if self.today is None or now.astimezone(UTC).date() < self.today:
            return self
        begins = first_day(now)
        closed = [one for one in self.events if begins.date() <= one.day < self.today]
        return _seen(self, closed[::-1], now=now)


def first_day(now: datetime) -> datetime:
    """Where the ninety days begin that are shown at `now`."""
    return instants.midnight(now) - (DAYS - 1) * instants.DAY


def view(
    row: Component,
    intervals: Iterable[Interval],
    *,
    now: datetime,
    is_watched: bool = True,
    closed: list[DayEvent] | None = None,
) -> ComponentView:
    """A component with its history up to `now`.

    `closed` are the events of the days before today where somebody has them, the earliest first.
    """
    midnight, intervals = instants.midnight(now), list(intervals)
    if closed is None:
        closed = days.events(days.before(intervals, midnight), begins_at(row, now))
    edges = [edge for one in intervals for edge in one[1:3] if edge and edge <= midnight]
    stem = ComponentView(
        slug=row.slug,
        name=row.name,
        group=row.group_name,
        description=row.description,
        is_public=row.is_public,
        state=State.OPERATIONAL,
        uptime=None,
        states=[],
        events=[],
        since=row.since,
        changed_at=max([*edges, *filter(None, [row.updated_at])], default=None),
        is_watched=is_watched,
        today=midnight.date(),
        ahead=[one for one in intervals if one.ended_at is None or one.ended_at > midnight],
    )
    return _seen(stem, closed, now=now)


def begins_at(row: Component, now: datetime) -> datetime:
    """Where the history of a component begins that is shown at `now`."""
    return max(first_day(now), datetime.combine(row.since, datetime.min.time(), UTC))


def _seen(stem: ComponentView, closed: list[DayEvent], *, now: datetime) -> ComponentView:
    """A view whose days before `stem.today` are known, at an instant from that day on."""
    assert stem.since is not None
    assert stem.today is not None
    first = first_day(now).date()
    begins = datetime.combine(max(first, stem.today), datetime.min.time(), UTC)
    known_from = datetime.combine(stem.since, datetime.min.time(), UTC)
    events = closed + days.events(days.so_far(stem.ahead, now), max(begins, known_from))
    states: list[State | None] = [
        State.OPERATIONAL if first + timedelta(days=number) >= stem.since else None
        for number in range(DAYS)
    ]
    for one in events:
        states[(one.day - first).days] = one.state
    current = max(
        (State(one.state) for one in stem.ahead if instants.is_running(one, now)),
        key=lambda state: state.rank,
        default=State.OPERATIONAL,
    )
    counted = sum(state is not None for state in states) * _DAY_SECONDS
    down = sum(one.down for one in events)
    edges = [edge for one in stem.ahead for edge in one[1:3] if edge and edge <= now]
    return stem.model_copy(
        update={
            "state": current,
            "uptime": round(1 - down / counted, 6) if counted else None,
            "states": states,
            "events": events[::-1],
            "changed_at": max([*edges, *filter(None, [stem.changed_at])], default=None),
        }
    )


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
