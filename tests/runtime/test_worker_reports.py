"""Reports of workers between processes, and those that wait for the round's one transaction."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from portal.runtime import snapshot, workers
from portal.runtime.workers import NOTIFICATIONS, OWN_INTERVAL, WorkerIn, Workers, WorkerStatus
from portal.settings import DeclaredWorker
from tests.clocks import StandingClock
from tests.instants import NOW

JOBS = DeclaredWorker("jobs", timedelta(seconds=30))
Points = list[tuple[datetime, int]]


def healthy(pending: int) -> WorkerIn:
    return WorkerIn(status=WorkerStatus.HEALTHY, pending=pending)


def known(some: Workers, name: str) -> snapshot.Worker:
    return next(one for one in some.all() if one.name == name)


def history(some: Workers, name: str) -> Points:
    return [(one.at, one.pending) for one in known(some, name).history]


@pytest.mark.unit
def test_one_that_was_not_seen_yet_has_the_declared_interval():
    shown = workers.shown(JOBS, None, now=NOW)
    assert (shown.status, shown.interval_ms) == ("stopped", 30_000)


def test_what_another_process_took_is_known_at_once(
    open_session: Callable[[], Session], still: StandingClock
):
    one, other = (Workers((JOBS,), open_session) for _ in range(2))
    for pending in (7, 8):
        one.report("jobs", healthy(pending), actor="jobs")
        assert known(other, "jobs").pending == pending


def test_a_report_that_was_handed_over_is_written_once(
    open_session: Callable[[], Session], still: StandingClock
):
    some = Workers((), open_session)
    some.hand_over(NOTIFICATIONS, healthy(7))
    for _ in range(2):
        some.report_all({}, actor="portal worker")
        still.moment += OWN_INTERVAL
    assert history(some, NOTIFICATIONS) == [(NOW, 7)]


def test_what_is_handed_over_while_others_are_written_waits_for_the_next_round(
    open_session: Callable[[], Session], still: StandingClock
):
    meanwhile = [8]

    def open_and_hand_over() -> Session:
        """A thread of the same process reports just as the transaction begins."""
        while meanwhile:
            some.hand_over(NOTIFICATIONS, healthy(meanwhile.pop()))
        return open_session()

    some = Workers((), open_and_hand_over)
    some.hand_over(NOTIFICATIONS, healthy(7))
    some.report_all({}, actor="portal worker")
    assert history(some, NOTIFICATIONS) == [(NOW, 7)]
    still.moment += OWN_INTERVAL
    some.report_all({}, actor="portal worker")
    assert history(some, NOTIFICATIONS) == [(NOW, 7), (NOW, 8)]
