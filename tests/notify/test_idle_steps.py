"""A step that only drops is no idle one; pairs are looked for now and then."""

from typing import Any

import pytest

from portal.notify import outbox
from portal.notify.dispatcher import PAIRS_EVERY
from tests.clocks import StandingClock
from tests.instants import HOUR, NOW
from tests.notify.dispatching import Mail


def test_a_step_that_only_drops_is_no_idle_one(world: Any, still: StandingClock):
    """Thousands that are overtaken: dropped within few steps, and the newer goes out meanwhile."""
    mail = Mail()
    one = world(mail=mail)
    one.people(60)
    rows = [{"recipient": f"subscriber {number}"} for number in range(1, 61)]
    one.put(*rows, key="started", created_at=NOW - HOUR, recipients=60)
    one.put(*rows, key="ended", event="ended", recipients=60)
    mail.room = 2
    assert one.one.run_once()
    assert [state for state, _ in one.states()].count("dropped") == 60
    assert mail.sent == [61, 62]
    mail.room = 0
    assert not one.one.run_once()


def test_pairs_are_looked_for_now_and_then(
    world: Any, still: StandingClock, monkeypatch: pytest.MonkeyPatch
):
    looks: list[Any] = []
    monkeypatch.setattr(outbox, "pairs", lambda session, *, now: looks.append(now) or set())
    one = world().one
    seconds = PAIRS_EVERY.total_seconds()
    for step, count in ((0, 1), (seconds - 1, 1), (1, 2), (-seconds + 1, 2), (-seconds, 3)):
        still.advance(seconds=step)
        assert not one._drop_superseded(still.now())
        assert len(looks) == count, step


def test_a_claim_that_only_drops_is_no_idle_one(world: Any):
    mail = Mail()
    one = world(mail=mail)
    one.put({"recipient": "subscriber 77"})
    assert one.one.run_once()
    assert one.states() == [("dropped", "unsubscribed meanwhile")]
    assert mail.sent == []
    assert not one.one.run_once()
