"""What a worker asks and writes while nothing happens, and what it makes of changes."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal import clock
from portal.runtime import workers
from portal.runtime.episode import Episode, Source
from portal.runtime.workers import NOTIFICATIONS, OWN, WorkerIn, WorkerRow, WorkerStatus
from portal.worker import delivery, leadership, rounds
from tests.clocks import StandingClock
from tests.queries import counted
from tests.sites import Site, another

HEALTHY = WorkerIn(status=WorkerStatus.HEALTHY, pending=0)


def test_a_quiet_round_is_one_write_and_few_questions(either: Site, still: StandingClock):
    assert leadership.lead(either.portal.core, "a")
    either.portal.runtime.workers.is_supervised = True
    rounds.run_once(either.portal)
    still.advance(seconds=10)
    with counted(either) as asked:
        rounds.run_once(either.portal, is_minute_over=False)
    asked.expect(7)
    writes = [one for one in asked.statements if one.startswith(("UPDATE", "INSERT", "DELETE"))]
    assert len(writes) == 2, "the lease and the report"


def test_a_look_of_the_deliveries_is_one_question(either: Site):
    delivery.look(either.portal, clock.now())
    with counted(either) as asked:
        delivery.look(either.portal, clock.now())
    asked.expect(1)


def test_a_report_that_was_handed_over_is_written_with_the_next_round(
    either: Site, still: StandingClock
):
    reports = either.portal.runtime.workers
    rounds.run_once(either.portal)
    reports.hand_over(NOTIFICATIONS, HEALTHY.model_copy(update={"pending": 3}))
    made = clock.now()
    still.advance(seconds=9)
    rounds.run_once(either.portal)
    still.advance(seconds=10)
    rounds.run_once(either.portal)
    with either.portal.core.open_session() as session:
        row = session.scalars(select(WorkerRow).where(WorkerRow.name == NOTIFICATIONS)).one()
        assert (row.pending, row.sampled_at) == (3, made)
        assert len(row.history) == 1, "it is written once"
        assert len(session.get_one(WorkerRow, OWN).history) == 3


def test_a_report_that_was_handed_over_long_ago_is_not_written(either: Site, still: StandingClock):
    reports, other = either.portal.runtime.workers, another(either).portal.runtime.workers
    reports.hand_over(NOTIFICATIONS, HEALTHY.model_copy(update={"pending": 3}))
    still.advance(minutes=10)
    other.report(NOTIFICATIONS, HEALTHY, actor="other")
    rounds.run_once(either.portal)
    found = {one.name: one for one in other.all()}[NOTIFICATIONS]
    assert (found.status, found.pending) == ("healthy", 0)


def test_a_report_replaces_what_was_handed_over_before(either: Site):
    reports = either.portal.runtime.workers
    reports.hand_over(NOTIFICATIONS, HEALTHY)
    stopped = HEALTHY.model_copy(update={"status": WorkerStatus.STOPPED})
    reports.report(NOTIFICATIONS, stopped, actor="me")
    rounds.run_once(either.portal)
    assert {one.name: one for one in reports.all()}[NOTIFICATIONS].status == "stopped"


def test_a_round_reads_what_other_workers_reported(either: Site, still: StandingClock):
    other = another(either)
    reports = either.portal.runtime.workers
    reports.is_supervised = True
    other.portal.runtime.workers.report(
        NOTIFICATIONS, HEALTHY.model_copy(update={"failed": 7}), actor="other"
    )
    rounds.run_once(either.portal)
    assert {one.name: one.failed for one in reports.all()}[NOTIFICATIONS] == 7


@pytest.mark.parametrize("seconds", [0.0, 0.5, 9.99, 10.0, 1234.5])
def test_rounds_of_all_threads_begin_together(monkeypatch: pytest.MonkeyPatch, seconds: float):
    monkeypatch.setattr(clock, "boot_seconds", lambda: seconds)
    left = workers.seconds_to_round()
    assert 0 < left <= 10
    assert (seconds + left) % 10 == pytest.approx(0.0)


def test_an_alert_that_begins_or_ends_makes_the_deliveries_look_again(either: Site):
    def changes() -> tuple[int, ...]:
        return delivery.look(either.portal, clock.now()).changes

    found = [changes()]
    for subject in ("a", "b"):
        with either.portal.core.open_session() as session:
            session.add(
                Episode.begun(
                    alert="disk",
                    subject=subject,
                    title="Disk",
                    severity="warning",
                    since=clock.now(),
                    labels={},
                    source=Source.PORTAL,
                    unit="",
                    now=clock.now(),
                )
            )
            session.commit()
        found.append(changes())
    with either.portal.core.open_session() as session:
        row = session.scalars(select(Episode)).first()
        assert row is not None
        row.closed_at = clock.now() + timedelta(seconds=1)
        session.commit()
    found.append(changes())
    assert len(set(found)) == 4
