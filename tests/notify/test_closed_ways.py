"""A way out that is closed is tried less and less, and holds up no other."""

from datetime import timedelta
from typing import Any

import pytest

from portal.notify.circuit_breaker import FIRST_PAUSE, LONGEST_PAUSE, CircuitBreaker
from portal.notify.outbox import Outcome, Result
from tests.instants import MINUTE, NOW, TICK
from tests.notify.dispatching import Mail


def close(one: Any, now: Any) -> None:
    one.one._learn("queue", Outcome(1, Result.CLOSED, "away"), now)


def test_a_way_out_that_is_closed_is_tried_less_and_less(world: Any):
    one = world()
    close(one, NOW)
    breaker = one.one._breakers["queue"]
    assert (breaker.since, breaker.pause, breaker.until) == (NOW, FIRST_PAUSE, NOW + FIRST_PAUSE)
    close(one, breaker.until - TICK)
    assert breaker.pause == FIRST_PAUSE
    at = breaker.until
    for _ in range(8):
        close(one, at)
        at = breaker.until
    assert (breaker.pause, breaker.since) == (LONGEST_PAUSE, NOW)
    assert breaker.until == at
    one.one._learn("queue", Outcome(1, Result.LATER), NOW)
    assert one.one._breakers == {}
    close(one, NOW)
    close(one, NOW + FIRST_PAUSE)
    assert one.one._breakers["queue"].pause == 2 * FIRST_PAUSE


@pytest.mark.parametrize(
    ("until", "is_sent", "why"),
    [
        (timedelta(0), True, "its pause is over"),
        (TICK, False, "not yet"),
        (LONGEST_PAUSE, False, "the longest pause"),
        (LONGEST_PAUSE + TICK, True, "a clock was set back since"),
    ],
)
def test_nothing_is_sent_on_a_way_that_is_closed(world: Any, until, is_sent, why):
    one = world()
    one.put(*one.hooks(1))
    one.one._breakers["webhook a"] = CircuitBreaker(NOW, "away", FIRST_PAUSE, NOW + until)
    assert one.one.run_once() is is_sent, why
    assert bool(one.pool.calls) is is_sent


def test_what_is_closed_on_one_way_holds_up_no_other(world: Any):
    one = world()
    rows = one.hooks(2)
    rows[1]["queue"] = "webhook b"
    one.put(*rows)
    one.one._breakers["webhook a"] = CircuitBreaker(NOW, "away", FIRST_PAUSE, NOW + FIRST_PAUSE)
    assert one.one.run_once()
    assert [claim.queue for _, claim in one.pool.calls] == ["webhook b"]


@pytest.mark.parametrize(
    ("closed", "said"), [(None, ""), (MINUTE - TICK, ""), (MINUTE, "away; for 1 min")]
)
def test_a_problem_is_what_lasts_for_a_minute(world: Any, closed, said):
    one = world()
    if closed is not None:
        one.one._breakers["short"] = CircuitBreaker(NOW, "short", FIRST_PAUSE, NOW)
        one.one._breakers["queue"] = CircuitBreaker(NOW - closed, "away", FIRST_PAUSE, NOW)
    assert one.one.problem == said


def test_a_mail_that_met_a_closed_server_opens_the_breaker(world: Any):
    one = world(mail=Mail())
    one.people()
    one.put({})
    one.one.run_once()
    one.mail.told = [Outcome(1, Result.CLOSED, "away")]
    one.one.run_once()
    assert one.one._breakers["mail"].reason == "away"
