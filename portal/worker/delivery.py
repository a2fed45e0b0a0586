"""Delivering notices beside the rounds, so that no slow mail server holds up a sample."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal import clock
from portal.notify import outbox, publishing, timetable
from portal.notify.channels.letters import Letters
from portal.notify.channels.mail import Mail
from portal.notify.dispatcher import Dispatcher
from portal.rooms import Portal
from portal.runtime import workers
from portal.runtime.workers import WorkerIn, WorkerStatus
from portal.store import changes, engine, lease, revision
from portal.store.revision import Revision
from portal.worker import leadership
from portal.worker.leadership import ACTOR, DELIVERIES

_log = structlog.get_logger()
REPORT_EVERY = timedelta(seconds=10)
# A third of what a lease lasts.
RENEW_EVERY = timedelta(seconds=10)
TIMETABLE_EVERY = timedelta(seconds=2)
# How far ahead it is seen that nothing becomes due.
CALM = timedelta(seconds=20)
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
            say=portal.notify.say,
        )
        unfenced = partial(Session, portal.core.engine)
        mail = Mail(settings.smtp_url, letters, unfenced, rate=settings.mail_rate)
    return Dispatcher(portal.core, fence, mail=mail, render=portal.notify.render)


def run(portal: Portal, holder: str, stop: threading.Event) -> None:
    """Deliver notices beside the worker's rounds, which no slow mail server holds up."""
    fence = lease.Fence()
    dispatcher: Dispatcher | None = None
    seen = changes.of(portal.core.settings.resolved_database_url)
    led_at = reported_at = looked_at = None
    is_leader = is_busy = has_work = False
    board, calm_until = -1, clock.now()
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
                is_late = looked_at is None or abs(now - looked_at) >= LOOK_EVERY
                if seen.are_there() or is_late:
                    looked_at = now
                    found = look(portal, now)
                    if found.board != board:
                        board, calm_until = found.board, now
                    has_work = found.has_work
                # Whichever way the clock was set meanwhile.
                if now >= calm_until or calm_until - now > CALM:
                    calm_until = now + _put_due_or_log(portal, fence)
                    has_work = True
                if was_busy or dispatcher.is_waiting or has_work or dispatcher.must_release(now):
                    has_work = False
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
        stop.wait(0.01 if is_busy else 0.2 if is_waiting else 1.0)
    seen.close()
    if dispatcher is None:
        return
    try:
        dispatcher.stop()
        if fence.held is not None:
            _report(portal, dispatcher, is_stopped=True)
            leadership.give_back(portal.core, fence.held)
    except SQLAlchemyError as error:
        _log.warning("worker.database_unreachable", error=type(error).__name__)


@dataclass(frozen=True)
class Look:
    """The revision of the board, and whether something waits in the outbox."""

    board: int
    has_work: bool


def look(portal: Portal, now: datetime) -> Look:
    """Both, in one statement."""
    with Session(portal.core.engine) as session:
        board, has_work = session.execute(
            select(
                select(Revision.number).where(Revision.id == revision.BOARD).scalar_subquery(),
                outbox.has_work(now),
            )
        ).one()
        return Look(board or 0, bool(has_work))


def _put_due_or_log(portal: Portal, fence: lease.Fence) -> timedelta:
    """What is due by the clock; trouble with it holds up nothing that is on its way."""
    try:
        return put_due(portal, fence)
    except lease.LeaseLostError:
        raise
    except Exception:
        _log.exception("worker.timetable_failed")
        return TIMETABLE_EVERY


def put_due(portal: Portal, fence: lease.Fence) -> timedelta:
    """Put into the outbox what became due by the clock; open incidents, if a setting says so.

    Returns after what time to look again, if nothing public changes meanwhile.
    """
    now = clock.now()
    with Session(portal.core.engine, info={"fence": fence}) as session:
        # Most of the time there is nothing, now and for a while, and a look takes no lock.
        is_calm = not timetable.due(session, portal.core.settings, now=now + CALM)
        if not is_calm and timetable.due(session, portal.core.settings, now=now):
            session.rollback()
            engine.begin_write(session)
            for act in timetable.due(session, portal.core.settings, now=now):
                act()
            session.commit()
    if portal.core.settings.auto_publish:
        publishing.publish(
            portal.status.incidents, portal.core.settings, runbook=portal.overview.runbook
        )
    return CALM if is_calm else TIMETABLE_EVERY


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
