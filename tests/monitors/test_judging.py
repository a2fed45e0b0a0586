"""Judging, without a database: a truth table."""

from datetime import timedelta

import pytest

from portal.monitors import judging
from portal.monitors.health import Health, Outcome
from portal.monitors.judging import FLAPS, UP_AFTER_FLAPS, Result, Rule
from tests.monitors.judgements import RULE, START, WORDS, after


@pytest.mark.parametrize(
    ("seen", "is_now", "why"),
    [
        ("", "?", "nobody looked"),
        ("u", "up", "one look measured it"),
        ("s", "degraded", "it answered, slowly"),
        ("x", "?", "one failure is not down, and nothing else is known"),
        ("xx", "down", "two of three"),
        ("xux", "down", "two of three, one between"),
        ("ux", "up", "one failure does not change what it was"),
        ("uxx", "down", "two of the last three"),
        ("uxux", "down", "two of the last three, one between"),
        ("uxuux", "up", "never two of three"),
        ("uxxu", "up", "one success ends it"),
        ("uxxux", "up", "failures before it recovered do not count again"),
        ("uxxuxx", "down", "and later ones do"),
        ("us", "up", "one slow answer is not degraded"),
        ("uss", "degraded", "two of three are"),
        ("usx", "degraded", "a failure is no better than slow"),
        ("ussu", "up", "one quick answer ends it"),
        ("ussxx", "down", "worse wins"),
        ("uxxs", "degraded", "it answers again, slowly"),
        ("u?", "?", "a look that could not be made says nothing: never green"),
        ("xx?", "?", "nor red"),
        ("uu?x", "?", "what was before it is forgotten"),
        ("u?u", "up", "and the next look measures"),
        ("x?x", "?", "a failure before it does not count"),
        ("x?xx", "down", "two after it do"),
        ("????", "?", "for as long as nobody can look"),
    ],
)
def test_what_it_is_after_some_looks(seen: str, is_now: str, why: str):
    assert after(seen).health is WORDS[is_now], why


@pytest.mark.parametrize(
    ("rule", "seen", "is_now"),
    [
        (Rule(60, 10, 1, 1, 1), "ux", Health.DOWN),
        (Rule(60, 10, 3, 3, 1), "uxxux", Health.UP),
        (Rule(60, 10, 3, 5, 1), "uxuxux", Health.DOWN),
        (Rule(60, 10, 2, 3, 3), "uxxuu", Health.DOWN),
        (Rule(60, 10, 2, 3, 3), "uxxuuu", Health.UP),
        (Rule(60, 10, 2, 3, 2), "uxxuxu", Health.DOWN),
        (Rule(60, 10, 2, 5, 2), "uxxuux", Health.UP),
    ],
)
def test_n_of_m_and_up_after_k(rule: Rule, seen: str, is_now: Health):
    assert after(seen, rule).health is is_now


@pytest.mark.parametrize(
    ("seen", "minute", "why"),
    [
        ("uuxx", 2, "the first failure of those that made it down"),
        ("uxux", 3, "the run that goes on"),
        ("uxxuu", 3, "the first success"),
        ("uuuu", 0, "nothing changed"),
        ("uu?", 2, "when nobody could look"),
        ("uu??", 2, "and nobody has since"),
    ],
)
def test_since_when(seen: str, minute: int, why: str):
    assert after(seen).since == START + timedelta(minutes=minute), why


def test_a_gap_makes_it_unknown_from_its_limit_on_and_forgets():
    was = after("uux")
    later = was.looked_at + timedelta(hours=1)
    found = judging.settled(was, RULE, later)
    assert found.health is Health.UNKNOWN
    assert found.since == was.looked_at + RULE.stale_after
    # An hour asleep, and the first look fails: no alarm, and no green.
    woken = judging.step(was, Result(later, Outcome.DOWN), RULE)
    assert woken.health is Health.UNKNOWN
    again = judging.step(woken, Result(later + timedelta(seconds=2), Outcome.UP), RULE)
    assert again.health is Health.UP


@pytest.mark.parametrize("hours", [1, -1, 24, -24])
def test_a_clock_that_jumps_makes_it_unknown_until_the_next_look(hours: int):
    was = after("uux")
    jumped = was.looked_at + timedelta(hours=hours, minutes=1)
    assert judging.settled(was, RULE, jumped).health is Health.UNKNOWN
    assert judging.step(was, Result(jumped, Outcome.DOWN), RULE).health is Health.UNKNOWN
    assert judging.step(was, Result(jumped, Outcome.UP), RULE).health is Health.UP


def test_who_flaps_must_be_up_for_longer():
    quick = Rule(10, 5, 1, 1, 1)
    found = after("ux" * (FLAPS - 1) + "u", quick, step=10)
    assert found.health is Health.UP
    assert not found.is_flapping(found.looked_at)
    found = after("ux" * FLAPS + "u" * (UP_AFTER_FLAPS - 1), quick, step=10)
    assert found.is_flapping(found.looked_at)
    assert found.health is Health.DOWN
    assert after("ux" * FLAPS + "u" * UP_AFTER_FLAPS, quick, step=10).health is Health.UP


@pytest.mark.parametrize(
    ("seen", "quorum", "is_now", "why"),
    [
        ({}, 1, "?", "nobody looks"),
        ({"a": "up"}, 1, "up", "one is enough"),
        (
            {"a": "down", "b": "up", "c": "up"},
            2,
            "up",
            "one node's own trouble is not the target's",
        ),
        ({"a": "down", "b": "down", "c": "up"}, 2, "down", "two of three agree"),
        ({"a": "down", "b": "?", "c": "?"}, 2, "?", "too few could look"),
        ({"a": "up", "b": "?", "c": "?"}, 2, "?", "never green on too few"),
        ({"a": "down", "b": "degraded", "c": "up"}, 2, "degraded", "two say not well"),
        ({"a": "?", "b": "up", "c": "up"}, 2, "up", "the others agree"),
    ],
)
def test_what_several_nodes_see(seen: dict[str, str], quorum: int, is_now: str, why: str):
    healths = {name: WORDS[word] for name, word in seen.items()}
    assert judging.combined(healths, quorum)[0] is WORDS[is_now], why


def test_after_how_long_without_a_look_nothing_is_known():
    assert Rule(interval_seconds=60, timeout_seconds=10).stale_after == timedelta(seconds=130)
    assert Rule(interval_seconds=20, timeout_seconds=5).stale_after == timedelta(seconds=65)
