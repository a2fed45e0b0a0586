"""Judging agrees with a slow walk over everything that was seen."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from portal.monitors import judging
from portal.monitors.health import Health, Outcome
from portal.monitors.judging import FLAPS, UP_AFTER_FLAPS, Judgement, Result, Rule
from tests.monitors.judgements import START


@dataclass
class Walk:
    """The same rules told otherwise: everything that was seen, walked over from its beginning."""

    rule: Rule
    seen: list[Result]

    def health(self) -> Health:
        # What counts begins after the last gap and the last look that could not be made.
        counted: list[Result] = []
        state = Health.UNKNOWN
        begin = 0
        falls: list[datetime] = []
        for number, one in enumerate(self.seen):
            if number and abs(one.at - self.seen[number - 1].at) > self.rule.stale_after:
                state, begin = Health.UNKNOWN, number
            if one.outcome is Outcome.UNKNOWN:
                state, begin = Health.UNKNOWN, number + 1
                continue
            counted = self.seen[begin : number + 1]
            before = state
            state = self._next(state, counted, falls)
            if state is Health.DOWN and before is not Health.DOWN:
                falls.append(one.at)
            if before is not Health.UNKNOWN and state.outcome < before.outcome:
                begin = number + 1 - min(len(counted), self._needed(falls, one.at))
        return state

    def _needed(self, falls: list[datetime], now: datetime) -> int:
        lately = [one for one in falls if abs(now - one) <= judging.FLAPS_WITHIN]
        return max(self.rule.up_after, UP_AFTER_FLAPS if len(lately) >= FLAPS else 0)

    def _next(self, state: Health, counted: list[Result], falls: list[datetime]) -> Health:
        last = counted[-1]
        needed = self._needed(falls, last.at)
        for level in (Health.DOWN, Health.DEGRADED):
            bad = [one for one in counted[-self.rule.down_of :] if one.outcome >= level.outcome]
            good = [one for one in counted[-needed:] if one.outcome < level.outcome]
            is_in_it = state is not Health.UNKNOWN and state.outcome >= level.outcome
            if is_in_it and len(good) < needed:
                return self._from(state, level, last)
            if not is_in_it and len(bad) >= self.rule.down_count:
                return self._from(state, level, last)
        return self._from(state, Health.UP, last)

    @staticmethod
    def _from(state: Health, found: Health, last: Result) -> Health:
        if state is not Health.UNKNOWN or found is Health.DOWN:
            return found
        if last.outcome is Outcome.DOWN:
            return Health.UNKNOWN
        return Health.DEGRADED if Outcome.DEGRADED in (found.outcome, last.outcome) else found


rules = st.builds(
    lambda of, count, up: Rule(60, 10, min(count, of), of, up),
    st.integers(1, 5),
    st.integers(1, 5),
    st.integers(1, 3),
)
steps = st.lists(
    st.tuples(st.sampled_from(list(Outcome)), st.sampled_from([2, 60, 61, 90, 400, 4000, -3000])),
    max_size=40,
)


@settings(max_examples=400)
@given(rules, steps)
def test_it_is_what_a_slow_walk_over_everything_says(rule: Rule, steps):
    at, seen, found = START, [], Judgement()
    before = START
    only_forward = all(seconds > 0 for _, seconds in steps)
    for outcome, seconds in steps:
        at += timedelta(seconds=seconds)
        result = Result(at, outcome)
        seen.append(result)
        found = judging.step(found, result, rule)
        assert found.health is Walk(rule, seen).health(), [one.outcome.name for one in seen]
        assert found.since is not None
        assert found.since >= before or not only_forward
        before = found.since
        # Green only where the last look was made and did not fail for want of an answer.
        if found.health is Health.UP:
            assert result.outcome is not Outcome.UNKNOWN


@settings(max_examples=200)
@given(rules, steps)
def test_nothing_is_lost_when_it_is_stored_and_read_again(rule: Rule, steps):
    from portal.monitors import node_views

    at, found, kept = START, Judgement(), Judgement()
    for outcome, seconds in steps:
        at += timedelta(seconds=seconds)
        found = judging.step(found, Result(at, outcome), rule)
        kept = judging.step(node_views.recall(node_views.remember(kept)), Result(at, outcome), rule)
        assert kept.health is found.health
