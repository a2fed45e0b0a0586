"""One that lost its lease can write nothing, and who writes renews it."""

import pytest
from sqlalchemy.orm import Session

from portal.runtime.samples import Sample
from portal.runtime.workers import OWN, WorkerIn, WorkerStatus
from portal.store import engine
from portal.store.lease import Fence, Held, LeaseLostError
from portal.worker import leadership, rounds
from tests.clocks import StandingClock
from tests.sites import Site, another
from tests.store.leases import take


@pytest.mark.fault(15)
def test_one_that_slept_through_its_end_writes_nothing(either: Site, still: StandingClock):
    sleeper, other = either, another(either)
    assert leadership.lead(sleeper.portal.core, "sleeper")
    rounds.run_once(sleeper.portal)
    still.advance(minutes=2)
    assert leadership.lead(other.portal.core, "other")
    with pytest.raises(LeaseLostError):
        rounds.run_once(sleeper.portal)
    sleeper.portal.core.fence.held = Held("worker", "sleeper", 1)
    with pytest.raises(LeaseLostError):
        sleeper.portal.runtime.workers.report(
            OWN, WorkerIn(status=WorkerStatus.HEALTHY, pending=7), actor="late"
        )
    with either.portal.core.open_session() as session:
        assert session.query(Sample).count() == 1
    assert sleeper.portal.runtime.workers.all()[0].pending == 0


def test_a_web_process_holds_nothing_and_is_never_fenced(either: Site, still: StandingClock):
    web = another(either)
    assert leadership.lead(either.portal.core, "worker")
    web.portal.runtime.workers.report(
        OWN, WorkerIn(status=WorkerStatus.HEALTHY, pending=1), actor="x"
    )
    assert web.portal.runtime.workers.all()[0].pending == 1


def hold(site: Site, name: str, holder: str) -> Fence:
    fence = Fence()
    assert leadership.lead(site.portal.core, holder, name, fence)
    return fence


def write(site: Site, fence: Fence) -> None:
    with Session(site.portal.core.engine, info={"fence": fence}) as session:
        engine.begin_write(session)
        session.commit()


def test_a_write_renews_the_lease_that_it_asks(either: Site, still: StandingClock):
    fence = hold(either, "test", "a")
    for _ in range(6):
        still.advance(seconds=10)
        write(either, fence)
        assert fence.is_fresh
    assert take(either, "b") is None
    still.advance(seconds=29)
    assert take(either, "b") is None
    still.advance(seconds=1)
    assert take(either, "b") == Held("test", "b", 2)


def test_a_write_shortly_after_another_only_asks(either: Site, still: StandingClock):
    fence = hold(either, "test", "a")
    still.advance(seconds=5)
    write(either, fence)
    still.advance(seconds=25)
    assert take(either, "b") is not None, "five seconds later nothing had to be renewed"


def test_a_lease_goes_along_while_its_thread_is_alive(either: Site, still: StandingClock):
    rounds_, along = hold(either, "test", "a"), hold(either, "other", "a")
    rounds_.take_along(along)
    for _ in range(4):
        still.advance(seconds=10)
        along.want()
        write(either, rounds_)
        assert along.is_fresh
    # From here on its thread hangs.
    for _ in range(4):
        still.advance(seconds=10)
        write(either, rounds_)
    assert rounds_.is_fresh
    assert not along.is_fresh
    assert leadership.lead(either.portal.core, "b", "other", Fence())
    with pytest.raises(LeaseLostError):
        write(either, along)


def test_one_that_goes_along_and_was_taken_over_stays_lost(either: Site, still: StandingClock):
    rounds_, along = hold(either, "test", "a"), hold(either, "other", "a")
    rounds_.take_along(along)
    still.advance(minutes=1)
    assert leadership.lead(either.portal.core, "b", "other", Fence())
    along.want()
    write(either, rounds_)
    assert rounds_.is_fresh
    assert not along.is_fresh
    with pytest.raises(LeaseLostError):
        write(either, along)
