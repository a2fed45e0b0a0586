"""What the dead had taken is given back, also to who takes over."""

from typing import Any

from portal.notify.dispatcher import RELEASE_EVERY
from portal.notify.outbox import Outcome, Result
from tests.clocks import StandingClock
from tests.instants import HOUR, NOW
from tests.notify.dispatching import Mail

CLAIMED = {"state": "sending", "claimed_by": "dead", "queue": "webhook a"}


def test_what_the_dead_had_taken_is_given_back_now_and_then(world: Any, still: StandingClock):
    one = world()
    one.people(2)
    one.one.run_once()
    one.put({**CLAIMED, "claimed_until": NOW + HOUR})
    still.advance(seconds=RELEASE_EVERY.total_seconds() - 0.1)
    one.one.run_once()
    assert one.states() == [("sending", "")]
    still.advance(seconds=0.1)
    one.one.run_once()
    assert len(one.pool.calls) == 1
    one.pool.end(Result.SENT)
    one.one.run_once()
    one.put({**CLAIMED, "claimed_until": NOW + HOUR, "recipient": "subscriber 2"})
    still.advance(seconds=-60)
    one.one.run_once()
    assert len(one.pool.calls) == 2


def test_who_takes_over_gives_back_at_once_what_others_and_it_had_taken(world: Any):
    one = world(mail=Mail())
    one.people(2)
    one.put({"recipient": "subscriber 1"})
    one.one.run_once()
    one.put({**CLAIMED, "queue": "mail", "claimed_until": NOW + HOUR, "recipient": "subscriber 2"})
    one.one.run_once()
    assert one.mail.sent == [1]
    # Another led in between, and may have sent the first.
    one.one.take_over()
    one.one.run_once()
    assert one.mail.sent == [1, 1, 2]


def test_what_is_under_way_here_is_not_given_back(world: Any):
    mail = Mail()
    one = world(mail=mail)
    one.people(3)
    ours = {"state": "sending", "claimed_by": one.one._name, "claimed_until": NOW - HOUR}
    one.put({**ours}, {**ours, "recipient": "subscriber 2"}, {**ours, "recipient": "subscriber 3"})
    mail.under_way, mail.room = {1}, 0
    one.one._unsettled = [(None, Outcome(2, Result.CLOSED))]
    one.one._release(NOW)
    assert [state for state, _ in one.states()] == ["sending", "sending", "pending"]
