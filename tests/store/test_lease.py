"""Of several workers one works, whoever gives back, sleeps or sets a clock."""

from datetime import timedelta

import pytest

from portal import clock
from portal.store import engine, lease
from portal.store.lease import Held
from portal.worker import leadership, rounds
from tests.clocks import StandingClock
from tests.sites import Site, another
from tests.store.leases import take


def test_a_lease_is_kept_by_who_renews_it_and_taken_when_it_ran_out(
    either: Site, still: StandingClock
):
    first = take(either, "a")
    assert first == Held("test", "a", 1)
    still.advance(seconds=20)
    assert take(either, "b") is None
    assert take(either, "a") == first
    still.advance(seconds=29)
    assert take(either, "b") is None
    still.advance(seconds=1)
    assert take(either, "b") == Held("test", "b", 2)
    assert take(either, "a") is None


def test_one_that_was_given_back_is_free_at_once(either: Site, still: StandingClock):
    held = take(either, "a")
    assert held is not None
    with either.portal.core.open_session() as session:
        engine.begin_write(session)
        lease.give_back(session, held, now=clock.now())
        session.commit()
    assert take(either, "b") == Held("test", "b", 2)


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_was_set_does_not_leave_the_work_undone(
    either: Site, still: StandingClock, hours: int
):
    take(either, "dead")
    still.moment += timedelta(hours=hours)
    assert take(either, "b") == Held("test", "b", 2)


def test_of_two_that_run_side_by_side_one_works(either: Site, still: StandingClock):
    one, two = either, another(either)
    for _ in range(6):
        for name, site in (("one", one), ("two", two)):
            if leadership.lead(site.portal.core, name):
                rounds.run_once(site.portal)
                assert name == "one"
        still.advance(seconds=10)
    rounds.say_stopped(one.portal)
    assert leadership.lead(two.portal.core, "two")
