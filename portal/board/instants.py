"""The instants at which a picture changes by itself, and the steps in which its figures grow.

Nothing else in a picture depends on the time: between two such instants the same rows give the same
answers, byte for byte, so that a board is made anew at them and at no other time.

- Something begins or ends, or comes within the ninety minutes of `/api/runtime/maintenance`.
- The day turns in UTC, the time base of the page: of days, weeks and months only whole days count.
- While something goes on, its length grows in steps of five minutes.
- An update that was announced is due.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Protocol

STEP = timedelta(minutes=5)
# How far `/api/runtime/maintenance` looks ahead unless it is asked for more.
NEAR = timedelta(minutes=90)
DAY = timedelta(days=1)


class Spoken(Protocol):
    """What is told from one instant to another."""

    @property
    def starts_at(self) -> datetime: ...

    @property
    def over_at(self) -> datetime | None: ...


class Lasting(Protocol):
    """A time in which something was so; without an end it goes on."""

    @property
    def began_at(self) -> datetime: ...

    @property
    def ended_at(self) -> datetime | None: ...


def midnight(now: datetime) -> datetime:
    """The beginning of the day in UTC."""
    return datetime.combine(now.astimezone(UTC).date(), time(), UTC)


def step(now: datetime) -> datetime:
    """Until when the length of what goes on is counted."""
    return midnight(now) + (now - midnight(now)) // STEP * STEP


def is_running(one: Lasting, now: datetime) -> bool:
    return one.began_at <= now and (one.ended_at is None or one.ended_at > now)


def next_change(
    now: datetime,
    spoken: Iterable[Spoken],
    lasting: Iterable[Lasting],
    due: Iterable[datetime] = (),
) -> datetime:
    """The first instant after `now` at which any of these is told otherwise."""
    moments = [midnight(now) + DAY, *due]
    for one in spoken:
        moments += [one.starts_at - NEAR, one.starts_at]
        if one.over_at is not None:
            moments.append(one.over_at)
    for part in lasting:
        moments.append(part.began_at)
        if part.ended_at is not None:
            moments.append(part.ended_at)
        if is_running(part, now):
            moments.append(step(now) + STEP)
    return min(moment for moment in moments if moment > now)
