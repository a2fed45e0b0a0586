"""What is written at once on PostgreSQL: nothing is lost, and nobody leads twice."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from portal import clock
from portal.guard import offenders
from portal.guard.offenders import Offender, OffenderRow
from portal.monitors.heartbeats import Heartbeat
from portal.monitors.pings import Ping
from portal.monitors.results import MonitorResult
from portal.monitors.schemas import MonitorIn
from portal.notify import outbox
from portal.notify.outbox import Delivery
from portal.runtime.workers import NOTIFICATIONS, OWN, WorkerIn, WorkerStatus
from portal.store import lease
from portal.store.lease import TTL, Fence, Held, Lease, LeaseLostError
from portal.store.revision import transaction
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.databases import fresh_database
from tests.notify import crowd
from tests.sites import Site
from tests.two_at_once import at_once

SAMPLE = WorkerIn(status=WorkerStatus.HEALTHY, pending=7)


@pytest.fixture
def site(build: Build, postgres: str) -> Site:
    return build(database_url=fresh_database(postgres))


def together(site: Site, first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
    return at_once(site.portal.core.engine, first, second)


def take(site: Site, holder: str) -> Callable[[], Held | None]:
    def act() -> Held | None:
        with transaction(site.portal.core.open_session) as (session, now):
            return lease.take(session, "test", holder=holder, now=now)

    return act


def test_of_two_that_take_a_lease_one_has_it(site: Site, still: StandingClock):
    take(site, "gone")()
    still.advance(seconds=TTL.total_seconds())
    assert together(site, take(site, "a"), take(site, "b")) == (Held("test", "a", 2), None)


def test_a_lease_that_is_taken_over_is_not_given_back_by_who_had_it(
    site: Site, still: StandingClock
):
    had = take(site, "gone")()
    assert had is not None
    still.advance(seconds=TTL.total_seconds() + 1)

    def give_back() -> None:
        with transaction(site.portal.core.open_session) as (session, now):
            lease.give_back(session, had, now=now)

    together(site, take(site, "a"), give_back)
    assert take(site, "b")() is None


def test_who_takes_over_waits_for_what_is_being_written(site: Site, still: StandingClock):
    """A write that has asked for its lease is whole before another leads."""
    had = take(site, "slow")()
    fence = Fence()
    fence.hold(had, now=clock.now())

    def write() -> None:
        with transaction(site.portal.core.open_session) as (session, now):
            fence.check(session)
            session.add(Lease(name="written", holder="", until=now, fence=0))

    def take_over() -> bool:
        """Whether it found what the other wrote."""
        still.advance(seconds=TTL.total_seconds())
        with transaction(site.portal.core.open_session) as (session, now):
            assert lease.take(session, "test", holder="new", now=now)
            return session.get(Lease, "written") is not None

    assert together(site, write, take_over)[1]
    with pytest.raises(LeaseLostError), transaction(site.portal.core.open_session) as (session, _):
        fence.check(session)


def test_two_that_address_at_once_address_everybody_once(site: Site, still: StandingClock):
    crowd.gather(site, 30)
    number = crowd.tell(site)

    def address() -> bool:
        with transaction(site.portal.core.open_session) as (session, now):
            return outbox.address(session, [], now=now)

    while any(together(site, address, address)):
        pass
    with site.portal.core.open_session() as session:
        assert len(session.scalars(select(Delivery.id)).all()) == 30
    assert crowd.counted(site, number) == {"pending": 30}


def test_the_counts_of_two_processes_are_added_up(site: Site, still: StandingClock):
    at = clock.now().timestamp()

    def store(route: str) -> Callable[[], None]:
        def act() -> None:
            fresh = {"key": Offender("key", at, at, 2, 1, routes={route: 3})}
            with transaction(site.portal.core.open_session) as (session, _):
                offenders.store(session, "keys", fresh)

        return act

    store("/a")()
    together(site, store("/a"), store("/b"))
    with site.portal.core.open_session() as session:
        row = session.scalars(select(OffenderRow)).one()
    assert (row.allowed, row.blocked, row.routes) == (6, 3, {"/a": 6, "/b": 3})


def test_no_report_of_a_worker_is_lost(site: Site, still: StandingClock):
    workers = site.portal.runtime.workers

    def all_of_them() -> None:
        workers.report_all({OWN: SAMPLE, NOTIFICATIONS: SAMPLE}, actor="portal worker")

    def one() -> None:
        workers.report(NOTIFICATIONS, SAMPLE, actor="portal worker")

    all_of_them()
    together(site, one, all_of_them)
    together(site, all_of_them, one)
    (own,) = (one for one in workers.all() if one.name == NOTIFICATIONS)
    assert len(own.history) == 5


def test_two_calls_of_a_heartbeat_are_two(site: Site, still: StandingClock):
    given = {"slug": "backup", "name": "Backup", "kind": "heartbeat", "period_seconds": 3600}
    site.portal.monitors.acts.add(By("a"), MonitorIn.model_validate(given))
    with site.portal.core.open_session() as session:
        token = session.scalars(select(Heartbeat.token)).one()

    def call() -> bool:
        return site.portal.monitors.pings.take(token, Ping())

    assert together(site, call, call) == (True, True)
    with site.portal.core.open_session() as session:
        assert session.scalars(select(Heartbeat.pings)).one() == 2
        assert len(session.scalars(select(MonitorResult.at)).all()) == 2
