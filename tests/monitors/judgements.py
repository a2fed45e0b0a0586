"""Looks in a row, and what a monitor is judged to be after them."""

from datetime import UTC, datetime, timedelta

from portal.monitors import judging
from portal.monitors.health import Health, Outcome
from portal.monitors.judging import Judgement, Result, Rule

START = datetime(2030, 6, 3, 12, 0, tzinfo=UTC)
RULE = Rule(interval_seconds=60, timeout_seconds=10)
SIGNS = {"u": Outcome.UP, "s": Outcome.DEGRADED, "x": Outcome.DOWN, "?": Outcome.UNKNOWN}
WORDS = {"up": Health.UP, "degraded": Health.DEGRADED, "down": Health.DOWN, "?": Health.UNKNOWN}


def after(seen: str, rule: Rule = RULE, *, step: int = 60) -> Judgement:
    """What a monitor is after looks a minute apart, each a sign."""
    found = Judgement()
    for number, sign in enumerate(seen):
        at = START + timedelta(seconds=number * step)
        found = judging.step(found, Result(at, SIGNS[sign]), rule)
    return found
