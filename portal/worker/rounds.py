"""The worker's rounds: queues, the node's figures, alerts, and every five minutes retention."""

import threading
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from portal import clock
from portal.rooms import Portal
from portal.runtime import queues, samples, workers
from portal.runtime.workers import WorkerIn, WorkerStatus
from portal.store import engine, lease, revision
from portal.worker import leadership, retention
from portal.worker.leadership import ACTOR

_log = structlog.get_logger()
SWEEP_EVERY = timedelta(minutes=5)
# A little less than from one to the next: rounds are as far apart as their work takes.
SAMPLE_EVERY = samples.EVERY - timedelta(seconds=5)


def run(portal: Portal, holder: str, stop: threading.Event) -> None:
    """Until told to stop, or until the node leaves."""
    swept_at = sampled_at = None
    while not stop.is_set() and not portal.lifecycle.phases.is_leaving:
        try:
            # The lease is renewed by the writes of each round.
            if portal.core.fence.is_fresh or leadership.lead(portal.core, holder):
                now = clock.now()
                is_due = sampled_at is None or abs(now - sampled_at) >= SAMPLE_EVERY
                run_once(portal, is_minute_over=is_due)
                if is_due:
                    sampled_at = now
                # Whichever way the clock was set meanwhile.
                if swept_at is None or abs(now - swept_at) >= SWEEP_EVERY:
                    retention.sweep(portal)
                    swept_at = now
        except lease.LeaseLostError:
            _log.warning("worker.lease_lost")
        except SQLAlchemyError as error:
            _log.warning("worker.database_unreachable", error=type(error).__name__)
        # Short steps, so that a drain is seen within a second.
        left = workers.seconds_to_round()
        while left > 0 and not (portal.lifecycle.phases.is_leaving or stop.wait(min(1.0, left))):
            left -= 1.0


def run_once(portal: Portal, *, is_minute_over: bool = True) -> None:
    """One round: queues, this worker's own report and the alerts; once a minute what can wait."""
    queued = portal.core.settings.worker_queues
    reports = {queue.worker: queues.measure(queue) for queue in queued}
    reports[workers.OWN] = WorkerIn(status=WorkerStatus.HEALTHY, pending=0)
    portal.runtime.workers.report_all(reports, actor=ACTOR)
    _take_up(portal)
    snapshot = portal.overview.take(for_alerts=True)
    portal.core.audit_log.take_in()
    portal.runtime.episodes.reconcile(snapshot)
    if is_minute_over:
        with portal.core.open_session() as session:
            engine.begin_write(session)
            samples.take(session, snapshot)
            session.commit()
        portal.runtime.foreign_alerts.lapse(now=clock.now())
        portal.guard.blocks.note_expired()


def _take_up(portal: Portal) -> None:
    """What others changed, by one look at the revisions."""
    numbers = revision.all_of(portal.core.open_session)
    portal.board.confirm(numbers.get(revision.BOARD, 0))
    portal.guard.perimeter.refresh(numbers.get(revision.PERIMETER, 0))


def say_stopped(portal: Portal) -> None:
    """Say that the stop was meant, so that it is no error, and let another worker lead."""
    held = portal.core.fence.held
    if held is None:
        return
    try:
        portal.runtime.workers.report(
            workers.OWN, WorkerIn(status=WorkerStatus.STOPPED, pending=0), actor=ACTOR
        )
        leadership.give_back(portal.core, held)
    except SQLAlchemyError as error:
        _log.warning("worker.database_unreachable", error=type(error).__name__)
