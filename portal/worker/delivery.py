"""Delivering notices beside the rounds, so that no slow mail server holds up a sample."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal import clock
from portal.audit import chain
from portal.notify import outbox, publishing, timetable
from portal.notify.channels.cards import Cards
from portal.notify.channels.letters import Letters
from portal.notify.channels.mail import Mail
from portal.notify.dispatcher import Dispatcher
from portal.rooms import Portal
from portal.runtime import workers
from portal.runtime.episode import Episode
from portal.runtime.workers import WorkerIn, WorkerStatus
from portal.settings import Target
from portal.store import changes, engine, lease, revision
from portal.store.revision import Revision
from portal.worker import leadership
from portal.worker.leadership import ACTOR, DELIVERIES

_log = structlog.get_logger()
# How often a lease is asked for that another has.
RENEW_EVERY = timedelta(seconds=10)
REPORT_EVERY = timedelta(seconds=9.5)
TIMETABLE_EVERY = timedelta(seconds=2)
# How far ahead it is seen that nothing becomes due.
CALM = timedelta(seconds=60)
# How often an incident is opened for an alert that lasts, if a setting says so.
PUBLISH_EVERY = timedelta(seconds=20)
# Where nobody wrote anything: what was put off becomes due by the clock.
LOOK_EVERY = timedelta(seconds=5)
# And where nothing was put off, in case a change was missed.
LOOK_IDLE_EVERY = timedelta(seconds=30)
FAILED_PAUSE_SECONDS = 5.0
BEHIND_ROUNDS_SECONDS = 0.05


def build_dispatcher(
    portal: Portal, fence: lease.Fence, *, for_readers: tuple[Target, ...] = ()
) -> Dispatcher:
    """What delivers; it claims with `fence`."""
    settings = portal.core.settings
    cards = Cards(
        site=settings.site_name,
        url=settings.url,
        links=portal.notify.links,
        render=portal.notify.render,
        say=portal.notify.say,
    )
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
    return Dispatcher(
        portal.core,
        fence,
        mail=mail,
        render=portal.notify.render,
        cards=cards,
        addresses=portal.notify.addresses,
        for_readers=for_readers,
    )


def run(portal: Portal, holder: str, stop: threading.Event) -> None:
    """Deliver notices beside the worker's rounds, which no slow mail server holds up."""
    fence = lease.Fence()
    portal.core.fence.take_along(fence)
    dispatcher: Dispatcher | None = None
    seen = changes.of(portal.core.settings.resolved_database_url)
    led_at = reported_at = looked_at = None
    is_leader = is_busy = has_work = False
    found: Look | None = None
    calm_until = clock.now()
    while not stop.is_set() and not portal.lifecycle.phases.is_leaving:
        try:
            dispatcher = dispatcher or build_dispatcher(portal, fence)
            now, was_busy, is_busy = clock.now(), is_busy, False
            # Renewed with the rounds' lease where this process leads those.
            fence.want()
            # What another thread renews is asked for as well by who was told that it lost a lease.
            is_sure = is_leader and fence.is_fresh
            # Whichever way the clock was set meanwhile.
            if not is_sure and (led_at is None or abs(now - led_at) >= RENEW_EVERY):
                before = fence.held
                is_leader, led_at = leadership.lead(portal.core, holder, DELIVERIES, fence), now
                if is_leader and fence.held != before:
                    dispatcher.take_over()
            if not is_leader:
                dispatcher.stand_by()
            else:
                are_there = seen.are_there()
                is_idle = found is not None and not found.is_waiting and seen.is_reliable
                every = LOOK_IDLE_EVERY if is_idle else LOOK_EVERY
                if are_there or looked_at is None or abs(now - looked_at) >= every:
                    last, found, looked_at = found, look(portal, now), now
                    if last is None or found.changes != last.changes:
                        calm_until = now
                    has_work = found.has_work
                # Whichever way the clock was set meanwhile.
                if now >= calm_until or calm_until - now > CALM:
                    calm_until = now + _put_due_or_log(portal, fence)
                    # What it has put into the outbox.
                    looked_at = None
                has_work |= found is not None and found.is_waiting and dispatcher.must_release(now)
                if was_busy or dispatcher.is_waiting or has_work:
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
        pause = 0.01 if is_busy else 0.2 if is_waiting else 1.0
        # A little later than the rounds, so that one look sees what they wrote.
        stop.wait(min(pause, workers.seconds_to_round() + BEHIND_ROUNDS_SECONDS))
    seen.close()
    if dispatcher is None:
        return
    try:
        dispatcher.stop()
        if (held := fence.held) is not None:
            _report(portal, dispatcher, is_stopped=True)
            # The last writes of the rounds must not renew what was given back.
            fence.hold(None, now=clock.now())
            leadership.give_back(portal.core, held)
    except SQLAlchemyError as error:
        _log.warning("worker.database_unreachable", error=type(error).__name__)


@dataclass(frozen=True)
class Look:
    """What makes something due before its time, and what waits in the outbox.

    `changes` are the board's revision, the latest episode and how many are open. What `is_waiting`
    becomes work by the clock alone.
    """

    changes: tuple[int, ...]
    has_work: bool
    is_waiting: bool


def look(portal: Portal, now: datetime) -> Look:
    """All of it, in one statement."""
    board = select(Revision.number).where(Revision.id == revision.BOARD)
    are_open = select(func.count()).where(Episode.closed_at.is_(None))
    query = select(
        board.scalar_subquery(),
        select(func.max(Episode.id)).scalar_subquery(),
        are_open.scalar_subquery(),
        outbox.has_work(now),
        outbox.is_waiting(),
    )
    with Session(portal.core.engine) as session:
        *changes, has_work, is_waiting = session.execute(query).one()
    return Look(tuple(one or 0 for one in changes), bool(has_work), bool(is_waiting))


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
            # As an act does: one of them may be cancelling what is to begin now.
            chain.lock(session)
            for act in timetable.due(session, portal.core.settings, now=now):
                act()
            session.commit()
    if portal.core.settings.auto_publish:
        publishing.publish(
            portal.status.incidents, portal.core.settings, runbook=portal.overview.runbook
        )
        return PUBLISH_EVERY if is_calm else TIMETABLE_EVERY
    return CALM if is_calm else TIMETABLE_EVERY


def _report(portal: Portal, dispatcher: Dispatcher, *, is_stopped: bool = False) -> None:
    """The outbox as a worker's queue, with what keeps it from moving."""
    figures, problem = dispatcher.figures(), dispatcher.problem
    status = WorkerStatus.ERROR if problem else WorkerStatus.HEALTHY
    sample = WorkerIn(
        status=WorkerStatus.STOPPED if is_stopped else status,
        pending=figures.pending,
        stuck=figures.stuck,
        failed=figures.failed,
        note=problem[:200],
    )
    if portal.core.fence.is_fresh and not is_stopped:
        # The rounds are this process's too, and write it with their own.
        portal.runtime.workers.hand_over(workers.NOTIFICATIONS, sample)
    else:
        portal.runtime.workers.report(workers.NOTIFICATIONS, sample, actor=ACTOR)
