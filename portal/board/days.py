"""Stretches of time cut into days, and what each day was: its worst state and its downtime.

The worst state wins. A window alone is no downtime, and what it covers is left out.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from portal.board import instants
from portal.board.translated import Translated
from portal.schemas import Camel
from portal.status.components import State
from portal.status.translations import Texts

# What an hour in a state counts as downtime; a window's own hours are left out of that.
WEIGHTS = {State.MAJOR: 1.0, State.PARTIAL: 0.5}
# What has just begun is told as a minute, until the first step is over.
_LEAST = timedelta(minutes=1)


class Interval(NamedTuple):
    """A time in which something was so; `label` says what, such as an incident's reference."""

    state: State
    began_at: datetime
    ended_at: datetime | None
    label: str
    title: str = ""
    # Translations of the title.
    titles: Texts = {}


class Entry(Translated):
    """An incident or a window that touched a component: its worst state, from when to when."""

    label: str
    title: str
    state: State
    began_at: datetime
    ended_at: datetime | None


class DayEvent(Camel):
    """One impaired day: its worst state, how long that was, and what it was."""

    day: date
    state: State
    minutes: int
    labels: list[str]
    # Seconds that count as down.
    down: float = 0.0


def not_overridden(
    interval: Interval, changed_at: datetime, by_hand: Iterable[Interval]
) -> list[Interval]:
    """What is left of an alert's interval: a state set by hand counts until the alert changes."""
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
        parts.append(one._replace(ended_at=min(ends)))
    if hand.ended_at is not None and (one.ended_at is None or one.ended_at > hand.ended_at):
        begins = max(one.began_at, hand.ended_at)
        parts.append(one._replace(began_at=begins))
    return parts


def before(intervals: Iterable[Interval], end: datetime) -> list[Interval]:
    """What of these was before an instant; it stays so whatever becomes of them later."""
    return [
        one if one.ended_at is not None and one.ended_at <= end else one._replace(ended_at=end)
        for one in intervals
        if one.began_at < end
    ]


def so_far(intervals: Iterable[Interval], now: datetime) -> list[Interval]:
    """What of these has happened; what goes on ends at its last step."""
    found = []
    for one in intervals:
        if one.began_at > now:
            continue
        if instants.is_running(one, now):
            counted = max(instants.step(now), one.began_at + _LEAST)
            ends = min(counted, instants.midnight(now) + instants.DAY)
            one = one._replace(ended_at=ends)
        found.append(one)
    return found


def entries(intervals: Iterable[Interval]) -> list[Entry]:
    """What has a name, each once and the latest first."""
    found: dict[str, list[Interval]] = {}
    for one in intervals:
        if one.label:
            found.setdefault(one.label, []).append(one)
    made = [_entry(parts) for parts in found.values()]
    return sorted(made, key=lambda one: (one.began_at, one.label), reverse=True)


def _entry(parts: list[Interval]) -> Entry:
    ends = [one.ended_at for one in parts if one.ended_at is not None]
    return Entry(
        label=parts[0].label,
        title=parts[0].title,
        translations=parts[0].titles,
        state=max((State(one.state) for one in parts), key=lambda state: state.rank),
        began_at=min(one.began_at for one in parts),
        ended_at=max(ends) if len(ends) == len(parts) else None,
    )


def events(intervals: Iterable[Interval], begins: datetime) -> list[DayEvent]:
    """The impaired days from `begins` on, the earliest first; each interval has an end."""
    found = []
    for day, parts in sorted(_by_day(intervals, begins).items()):
        seconds, worst, down = _weigh(parts)
        labels = list(dict.fromkeys(one.label for one in parts if one.label))
        minutes = max(1, round(seconds / 60))
        found.append(DayEvent(day=day, state=worst, minutes=minutes, labels=labels, down=down))
    return found


def _by_day(intervals: Iterable[Interval], begins: datetime) -> dict[date, list[Interval]]:
    """The intervals cut at midnight UTC, by day."""
    found: dict[date, list[Interval]] = {}
    for one in sorted(intervals, key=lambda one: (one.began_at, one.label)):
        begin, end = max(one.began_at, begins), one.ended_at
        assert end is not None
        while begin < end:
            day, midnight = begin.astimezone(UTC).date(), instants.midnight(begin) + instants.DAY
            part = one._replace(began_at=begin, ended_at=min(end, midnight))
            found.setdefault(day, []).append(part)
            begin = midnight
    return found


def _weigh(parts: list[Interval]) -> tuple[float, State, float]:
    """Of one day: seconds in its worst state, that state, and the seconds that count as down."""
    worst = max((State(one.state) for one in parts), key=lambda state: state.rank)
    edges = sorted({edge for one in parts for edge in (one.began_at, one.ended_at) if edge})
    seconds = down = 0.0
    for begin, end in pairwise(edges):
        states = {
            State(one.state)
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
