"""Delivering notices beside the rounds, so that no slow mail server holds up a sample."""

import threading
from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal import clock
from portal.notify import publishing, timetable
from portal.notify.channels.letters import Letters
from portal.notify.channels.mail import Mail
from portal.notify.dispatcher import Dispatcher
from portal.rooms import Portal
from portal.runtime import workers
from portal.runtime.workers import WorkerIn, WorkerStatus
from portal.store import engine, lease
from portal.store.changes import Changes
from portal.worker import leadership
from portal.worker.leadership import ACTOR, DELIVERIES

_log = structlog.get_logger()
REPORT_EVERY = timedelta(seconds=10)
RENEW_EVERY = timedelta(seconds=5)
TIMETABLE_EVERY = timedelta(seconds=2)
# Where nobody wrote anything: what was put off becomes due by the clock.
LOOK_EVERY = timedelta(seconds=5)
FAILED_PAUSE_SECONDS = 5.0


def build_dispatcher(portal: Portal, fence: lease.Fence) -> Dispatcher:
    """What delivers; it claims with `fence`."""
    settings = portal.core.settings
    mail = None
    if settings.smtp_url is not None:
        letters = Letters(
            sender=settings.mail_from,
            site=settings.site_name,
            url=settings.url,
            links=portal.notify.links,
            render=portal.notify.render,
        )
        unfenced = partial(Session, portal.core.engine)
        mail = Mail(settings.smtp_url, letters, unfenced, rate=settings.mail_rate)
    return Dispatcher(portal.core, fence, mail=mail, render=portal.notify.render)


def run(portal: Portal, holder: str, stop: threading.Event) -> None:
    """Deliver notices beside the worker's rounds, which no slow mail server holds up."""
    fence = lease.Fence()
    dispatcher: Dispatcher | None = None
    changes = Changes(portal.core.settings.resolved_database_url)
    led_at = reported_at = put_at = looked_at = None
    is_leader = is_busy = False
    while not stop.is_set() and not portal.lifecycle.phases.is_leaving:
        try:
            dispatcher = dispatcher or build_dispatcher(portal, fence)
            now, was_busy, is_busy = clock.now(), is_busy, False
            # Whichever way the clock was set meanwhile.
            if led_at is None or abs(now - led_at) >= RENEW_EVERY:
                before = fence.held
                is_leader, led_at = leadership.lead(portal.core, holder, DELIVERIES, fence), now
                if is_leader and fence.held != before:
                    dispatcher.take_over()
            if not is_leader:
                dispatcher.stand_by()
            else:
                if put_at is None or abs(now - put_at) >= TIMETABLE_EVERY:
                    put_at = now
                    _put_due_or_log(portal, fence)
                is_late = looked_at is None or abs(now - looked_at) >= LOOK_EVERY
                if was_busy or dispatcher.is_waiting or changes.are_there() or is_late:
                    looked_at = now
                    is_busy = dispatcher.run_once()
                if reported_at is None or abs(now - reported_at) >= REPORT_EVERY:
                    _report(portal, dispatcher)
                    reported_at = now
        except lease.LeaseLostError:
            _log.warning("worker.lease_lost", lease=DELIVERIES)
            led_at, is_leader = None, False
        except SQLAlchemyError as error:
            _log.warning("worker.database_unreachable", error=type(error).__name__)
            led_at = None
        except Exception:
            # A full disk, a folder that is gone: whatever it is, it may pass, and then people wait.
            _log.exception("worker.delivery_failed")
            stop.wait(FAILED_PAUSE_SECONDS)
        is_waiting = dispatcher is not None and dispatcher.is_waiting
        stop.wait(0.02 if is_busy else 0.2 if is_waiting else 1.0)
    changes.close()
    if dispatcher is None:
        return
    try:
        dispatcher.stop()
        if fence.held is not None:
            _report(portal, dispatcher, is_stopped=True)
            leadership.give_back(portal.core, fence.held)
    except SQLAlchemyError as error:
        _log.warning("worker.database_unreachable", error=type(error).__name__)


def _put_due_or_log(portal: Portal, fence: lease.Fence) -> None:
    """What is due by the clock; trouble with it holds up nothing that is on its way."""
    try:
        put_due(portal, fence)
    except lease.LeaseLostError:
        raise
    except Exception:
        _log.exception("worker.timetable_failed")


def put_due(portal: Portal, fence: lease.Fence) -> None:
    """Put into the outbox what became due by the clock; open incidents, if a setting says so."""
    now = clock.now()
    with Session(portal.core.engine, info={"fence": fence}) as session:
        # Most of the time there is nothing, and a look takes no lock.
        if timetable.due(session, portal.core.settings, now=now):
            session.rollback()
            engine.begin_write(session)
            for act in timetable.due(session, portal.core.settings, now=now):
                act()
            session.commit()
    if portal.core.settings.auto_publish:
        publishing.publish(
            portal.status.incidents, portal.core.settings, runbook=portal.overview.runbook
        )


def _report(portal: Portal, dispatcher: Dispatcher, *, is_stopped: bool = False) -> None:
    """The outbox as a worker's queue, with what keeps it from moving."""
    figures, problem = dispatcher.figures(), dispatcher.problem
    status = WorkerStatus.ERROR if problem else WorkerStatus.HEALTHY
    portal.runtime.workers.report(
        workers.NOTIFICATIONS,
        WorkerIn(
            status=WorkerStatus.STOPPED if is_stopped else status,
            pending=figures.pending,
            stuck=figures.stuck,
            failed=figures.failed,
            note=problem[:200],
        ),
        actor=ACTOR,
    )
