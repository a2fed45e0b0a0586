"""Judging: pure rules from the results of looks to what a monitor is.

`step` takes one result after the other, `health_at` says what is known of it at an instant. Neither
reads a clock, so that a restart, a sleep and a clock that jumps can be tried with any times.

- Down after n of the last m looks failed; up again after k in a row that did not. The same holds
  for degraded, of which down is a worse case.
- A look that could not be made says nothing: unknown at once, and what was before it is forgotten.
- Where nobody looked for longer than `stale_seconds`, it is unknown from then on, and what was
  before the gap does not count for n of m.
- From unknown, one look that succeeds is up: somebody measured it. One that fails is not down yet.
- Who went down three times within an hour is flapping, and must be up for longer to be up again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import NamedTuple

from portal.monitors.health import Health, Outcome

FLAPS = 3
FLAPS_WITHIN = timedelta(hours=1)
UP_AFTER_FLAPS = 5
MOST_FALLS = 20
_PATIENCE_SECONDS = 30


class Result(NamedTuple):
    """What one look found, and when it ended."""

    at: datetime
    outcome: Outcome


@dataclass(frozen=True)
class Rule:
    """How often it is looked at, and how many looks decide."""

    interval_seconds: int
    timeout_seconds: int
    down_count: int = 2
    down_of: int = 3
    up_after: int = 1

    @property
    def stale_after(self) -> timedelta:
        """After how long without a look nothing is known."""
        seconds = self.interval_seconds * 1.5 + self.timeout_seconds + _PATIENCE_SECONDS
        return timedelta(seconds=seconds)


@dataclass(frozen=True)
class Judgement:
    """What a monitor is since when, with the results and falls that later ones are held against."""

    health: Health = Health.UNKNOWN
    since: datetime | None = None
    tail: tuple[Result, ...] = ()
    falls: tuple[datetime, ...] = ()

    @property
    def looked_at(self) -> datetime | None:
        return self.tail[-1].at if self.tail else None

    @property
    def is_suspect(self) -> bool:
        """Whether the last look failed, or could not be made."""
        return bool(self.tail) and self.tail[-1].outcome in (Outcome.DOWN, Outcome.UNKNOWN)

    @property
    def is_undecided(self) -> bool:
        """Whether the last look failed, and it is not down by it."""
        is_failed = bool(self.tail) and self.tail[-1].outcome is Outcome.DOWN
        return is_failed and self.health is not Health.DOWN

    def is_flapping(self, now: datetime) -> bool:
        return sum(abs(now - fall) <= FLAPS_WITHIN for fall in self.falls) >= FLAPS


def step(before: Judgement, result: Result, rule: Rule) -> Judgement:
    """What it is after one more result."""
    before = settled(before, rule, result.at)
    if result.outcome is Outcome.UNKNOWN:
        since = before.since if before.health is Health.UNKNOWN else result.at
        return replace(before, health=Health.UNKNOWN, since=since or result.at, tail=(result,))
    known = tuple(one for one in before.tail if one.outcome is not Outcome.UNKNOWN)
    up_after = rule.up_after
    if before.is_flapping(result.at):
        up_after = max(up_after, UP_AFTER_FLAPS)
    tail = (*known, result)[-max(rule.down_of, up_after) :]
    level = _level(before.health, tail, rule, up_after)
    if before.health is not Health.UNKNOWN and level < before.health.outcome:
        # What was before it recovered does not count for the next time.
        tail = tail[-up_after:]
    if before.health is Health.UNKNOWN and level is not Outcome.DOWN:
        if result.outcome is Outcome.DOWN:
            return replace(before, tail=tail, since=before.since or result.at)
        level = max(level, result.outcome)
    health = Health[level.name]
    if health is before.health:
        return replace(before, tail=tail)
    falls = before.falls
    if health is Health.DOWN:
        falls = (*falls, result.at)[-MOST_FALLS:]
    return Judgement(health, _since(tail, level), tail, falls)


def _level(health: Health, tail: tuple[Result, ...], rule: Rule, up_after: int) -> Outcome:
    for level in (Outcome.DOWN, Outcome.DEGRADED):
        lately = [one.outcome for one in tail[-up_after:]]
        has_recovered = len(lately) == up_after and all(one < level for one in lately)
        if health is not Health.UNKNOWN and health.outcome >= level:
            if not has_recovered:
                return level
            continue
        if sum(one.outcome >= level for one in tail[-rule.down_of :]) >= rule.down_count:
            return level
    return Outcome.UP


def _since(tail: tuple[Result, ...], level: Outcome) -> datetime:
    """When the run of looks began that ends with the last one and says the same."""
    is_bad = level is not Outcome.UP
    run = list(
        takewhile(
            lambda one: one.outcome >= level if is_bad else one.outcome is Outcome.UP,
            reversed(tail),
        )
    )
    return run[-1].at if run else tail[-1].at


def settled(before: Judgement, rule: Rule, now: datetime) -> Judgement:
    """The same at an instant: unknown where nobody has looked for too long.

    A last look that lies in the future was made before the clock was set back.
    """
    at = before.looked_at
    if at is None or abs(now - at) <= rule.stale_after:
        return before
    if before.health is Health.UNKNOWN:
        return replace(before, tail=())
    # Since then nobody knows; never before what is known, nor after now.
    since = min(max(at + rule.stale_after, before.since or at), now)
    return replace(before, health=Health.UNKNOWN, since=since, tail=())


def combined(healths: Mapping[str, Health], quorum: int) -> tuple[Health, int, int]:
    """What several nodes see: as many as `quorum` must know, and as many must agree that it is bad.

    Gives how many say what it says, and how many know anything.
    """
    known = [one for one in healths.values() if one is not Health.UNKNOWN]
    if len(known) < quorum or not known:
        return Health.UNKNOWN, len(healths) - len(known), len(known)
    for level in (Health.DOWN, Health.DEGRADED):
        votes = sum(one.outcome >= level.outcome for one in known)
        if votes >= quorum:
            return level, votes, len(known)
    return Health.UP, sum(one is Health.UP for one in known), len(known)
