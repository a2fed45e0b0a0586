"""The thread that delivers, beside rounds that lead, lose their lease and lead again."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from portal.core import Core
from portal.rooms import Portal
from portal.store.lease import Fence
from portal.worker import delivery, leadership, rounds
from tests.clocks import StandingClock
from tests.sites import Site, another


class Steps(threading.Event):
    """Instead of each pause, the next of some steps; then it is told to stop."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        super().__init__()
        self._steps = list(steps)

    def wait(self, timeout: float | None = None) -> bool:
        if not self._steps:
            self.set()
        else:
            self._steps.pop(0)()
        return self.is_set()


def test_deliveries_go_on_after_the_rounds_lost_their_lease_and_have_it_again(
    either: Site, still: StandingClock, monkeypatch: pytest.MonkeyPatch
):
    core, other = either.portal.core, another(either).portal
    looks, look = list[datetime](), delivery.look

    def seen(portal: Portal, now: datetime) -> delivery.Look:
        looks.append(now)
        return look(portal, now)

    def sleep() -> None:
        """Both leases run out, and another takes that of the rounds first."""
        still.advance(seconds=40)
        assert leadership.lead(other.core, "other")

    def come_back() -> None:
        held = other.core.fence.held
        assert held is not None
        leadership.give_back(other.core, held)
        other.core.fence.hold(None, now=still.now())
        assert leadership.lead(core, "me")

    def go_on() -> None:
        still.advance(seconds=10)
        rounds.run_once(either.portal, is_minute_over=False)

    monkeypatch.setattr(delivery, "look", seen)
    assert leadership.lead(core, "me")
    delivery.run(either.portal, "me", Steps(sleep, come_back, *[go_on] * 12))
    assert max(looks) > still.now() - timedelta(minutes=1), "it delivers again"


def test_beside_rounds_that_lead_its_lease_is_renewed_by_theirs(
    either: Site, still: StandingClock, monkeypatch: pytest.MonkeyPatch
):
    asked, lead = list[str](), leadership.lead

    def counted(core: Core, holder: str, name: str, fence: Fence) -> bool:
        asked.append(name)
        return lead(core, holder, name, fence)

    def go_on() -> None:
        still.advance(seconds=10)
        rounds.run_once(either.portal, is_minute_over=False)

    assert lead(either.portal.core, "me")
    monkeypatch.setattr(leadership, "lead", counted)
    delivery.run(either.portal, "me", Steps(*[go_on] * 12))
    assert asked == [leadership.DELIVERIES]


def test_who_stops_lets_another_deliver_at_once(either: Site, still: StandingClock):
    core, other = either.portal.core, another(either).portal
    assert leadership.lead(core, "me")
    delivery.run(either.portal, "me", Steps())
    # The monitors take their time.
    still.advance(seconds=9)
    rounds.say_stopped(either.portal)
    assert leadership.lead(other.core, "other")
    assert leadership.lead(other.core, "other", leadership.DELIVERIES, Fence())
