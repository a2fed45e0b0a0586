"""Uptime from spans: planned maintenance and what nobody knows are not counted."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from portal.monitors.health import Health


class Stretch(NamedTuple):
    """A time in which a monitor was one thing; without an end it goes on."""

    health: Health
    began_at: datetime
    ended_at: datetime | None


class Planned(NamedTuple):
    """A time of planned maintenance."""

    began_at: datetime
    ended_at: datetime


def confirmed(
    stretches: Iterable[Stretch], health: Health, since: datetime | None
) -> list[Stretch]:
    """Stretches as they are at an instant: what nobody confirms any more is `health` since then."""
    found = []
    for one in stretches:
        if one.ended_at is None and health is not one.health and since is not None:
            turned_at = max(since, one.began_at)
            found += [one._replace(ended_at=turned_at), Stretch(health, turned_at, None)]
        else:
            found.append(one)
    return found


def uptime(
    stretches: Iterable[Stretch], planned: Sequence[Planned], *, since: datetime, now: datetime
) -> float | None:
    """The share of the known time in which it was not down; None where nothing is known.

    Degraded counts as up: it answered.
    """
    known = down = 0.0
    for one in stretches:
        if one.health is Health.UNKNOWN:
            continue
        begin, end = max(one.began_at, since), min(one.ended_at or now, now)
        seconds = max(0.0, (end - begin).total_seconds() - _covered(planned, begin, end))
        known += seconds
        down += seconds if one.health is Health.DOWN else 0.0
    return 1 - down / known if known else None


def _covered(planned: Sequence[Planned], begin: datetime, end: datetime) -> float:
    """Seconds between two instants that lie in at least one planned time."""
    found, reached = 0.0, begin
    for one in sorted(planned):
        first, last = max(one.began_at, reached), min(one.ended_at, end)
        if last > first:
            found += (last - first).total_seconds()
            reached = last
    return found
