"""What components are like now and were like on each of the last ninety days.

Everything is derived from spans of time: those of incidents, those set by hand, windows, and
episodes of alerts and monitors. The worst state counts; a state set by hand also overrules the
episodes that have not changed since (`portal.board.days.not_overridden`, applied by `history`). The
uptime is of whole days, including today.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from portal.board import days, instants
from portal.board.days import DayEvent, Entry, Interval
from portal.board.translated import Spoken, all_spoken
from portal.status.components import Component, State

DAYS = 90
# The lengths that a figure of uptime is given for.
PERIODS = (30, 60, 90)
_DAY_SECONDS = instants.DAY.total_seconds()


class Uptime(NamedTuple):
    """A share of whole days without what counts as down; None while nothing is known."""

    ratio: float | None
    days: int
    down_seconds: float


class ComponentView(Spoken):
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
    # Whether it has monitors of which none knows anything now; whether its page has a chart.
    is_unknown: bool = False
    has_latency: bool = False
    # Days of which nobody knows anything; the first of which somebody does, None without one.
    blank: frozenset[date] = frozenset()
    counts_from: date | None = None
    # What reaches beyond the beginning of `today`, so that it can be seen at a later instant.
    today: date | None = None
    ahead: list[Interval] = []
    # The day of its latest bar.
    last_day: date | None = None
    # The incidents and windows that touch it, the latest first.
    entries: list[Entry] = []

    @property
    def known_days(self) -> int:
        """How many days the figure of its uptime is of."""
        return sum(state is not None for state in self.states)

    def uptime_of(self, days: int) -> Uptime:
        """Of the last days, as far as they are known."""
        known = sum(state is not None for state in self.states[-days:])
        first = self.last_day - timedelta(days=days - 1) if self.last_day else date.min
        down = sum(one.down for one in self.events if one.day >= first)
        ratio = round(1 - down / (known * _DAY_SECONDS), 6) if known else None
        return Uptime(ratio, known, down)

    def touched_by(self, now: datetime) -> list[Entry]:
        """What has touched it by now, the latest first."""
        return [one for one in self.entries if one.began_at <= now]

    def changed_in(self, language: str) -> dict[str, Any]:
        said = all_spoken(self.entries, language)
        return {} if said is self.entries else {"entries": said}

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
    is_unknown: bool = False,
    has_latency: bool = False,
    blank: frozenset[date] = frozenset(),
    counts_from: date | None = date.min,
    closed: list[DayEvent] | None = None,
) -> ComponentView:
    """A component with its history up to `now`.

    `counts_from` is the first day of which anything is known, None while nothing is. `closed` are
    the events of the days before today where somebody has them, the earliest first.
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
        is_unknown=is_unknown,
        has_latency=has_latency,
        blank=blank,
        counts_from=counts_from,
        today=midnight.date(),
        ahead=[one for one in intervals if one.ended_at is None or one.ended_at > midnight],
        entries=days.entries(intervals),
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
    counts_from = max(stem.since, stem.counts_from or date.max)
    states: list[State | None] = [
        State.OPERATIONAL if day >= counts_from and day not in stem.blank else None
        for day in (first + timedelta(days=number) for number in range(DAYS))
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
            "last_day": instants.midnight(now).date(),
            "events": events[::-1],
            "changed_at": max([*edges, *filter(None, [stem.changed_at])], default=None),
        }
    )


_TOP, _FOOT, _MARK = 15, 11, 17
_MARKS = {
    State.UNDER_MAINTENANCE: "m0-1.5 1.5 1.5-1.5 1.5-1.5-1.5z",
    State.DEGRADED: "m0-1.5 1.5 3h-3z",
    State.PARTIAL: "m-1.5-.5h3a1.5 1.5 0 0 1-3 0z",
    State.MAJOR: "m-1.5-1.5h3v3h-3z",
}


@lru_cache(maxsize=512)
def bars(states: tuple[State | None, ...]) -> tuple[tuple[str, str, str], ...]:
    """Days as strokes of an SVG, 4 units a day wide and 19 high: (state's word, bars, marks).

    Trouble has a mark below its bar, and a day without data is a short foot, so that shape tells
    them apart where colour does not.
    """
    found: dict[str, tuple[list[str], list[str]]] = {}
    for number, state in enumerate(states):
        bar, marks = found.setdefault(state.value if state else "none", ([], []))
        middle = number * 4 + 2
        bar.append(f"M{middle} {0 if state else _FOOT}V{_TOP}")
        if state in _MARKS:
            marks.append(f"M{middle} {_MARK + 0.25:g}{_MARKS[state]}")
    return tuple((name, "".join(bar), "".join(marks)) for name, (bar, marks) in found.items())
