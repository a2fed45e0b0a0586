"""`portal serve`, `portal worker` and `portal check`."""

import json
import os
import secrets
import shutil
import signal
import socket
import sys
import threading
import time
from datetime import timedelta
from functools import partial
from pathlib import Path

import click
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal import ROOT, VERSION, clock, create_app
from portal.accounts import operators, sessions, throttle
from portal.audit import addresses, segments
from portal.audit.record import UnrecordedError
from portal.cli import application, reload
from portal.cli.supervisor import Child, Supervisor
from portal.durations import spoken
from portal.guard import offences, offenders
from portal.lifecycle.watch import EVERY_SECONDS, Watch, reaches
from portal.notify import outbox, publishing, subscribers, timetable
from portal.notify.channels import chat
from portal.notify.channels.mail import Letters, Mail
from portal.notify.delivery import Dispatcher
from portal.rooms import Portal
from portal.runtime import episodes, queues, samples, workers
from portal.runtime.workers import WorkerIn, WorkerStatus
from portal.settings import Settings
from portal.store import engine, idempotency, lease, schema
from portal.unit_of_work import By

_log = structlog.get_logger()
SWEEP_EVERY = timedelta(minutes=1)
FRONT = Path(__file__).with_name("front.py")
LEASE = "worker"
TELLING_LEASE = "notifications"
FIGURES_EVERY = timedelta(seconds=10)
RENEW_EVERY = timedelta(seconds=5)
TIMETABLE_EVERY = timedelta(seconds=2)
FAILED_PAUSE_SECONDS = 5.0
SWEEPS_AT_ONCE = 20


@click.command()
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option("--no-worker", is_flag=True, help="start no background worker beside the web")
@click.option("--reload", "reloads", is_flag=True, help="begin anew when code or templates change")
def serve(workers: int, no_worker: bool, reloads: bool) -> None:
    """Serve the portal, with one background worker beside it."""
    settings = application.settings()
    if reloads and settings.env != "development":
        raise click.UsageError("--reload is for development; PORTAL_ENV says otherwise.")
    portal = _prepare(settings, workers)
    if workers > 1:
        # prometheus_client decides at its first import whether counters are shared: the web
        # processes, which count, share them; this process does not count.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(settings.run_dir.resolve() / "metrics")
    # As a file: with `-m` it would load the whole portal, which only its web processes need.
    os.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))
    )
    front = [sys.executable, "-P", str(FRONT), settings.bind, str(workers)]
    # Browsers keep styles and scripts for an hour, but not while somebody works on them.
    children = [Child("web", [*front, "0"] if reloads else front)]
    if not no_worker:
        children.append(Child("worker", [sys.executable, "-m", "portal", "worker"]))
    supervisor = Supervisor(portal, children, partial(_record, portal))
    if reloads:
        reload.watch(supervisor.outdate)
    try:
        supervisor.run()
    finally:
        _record(portal, "runtime.stopped", version=VERSION)
        (settings.run_dir / "serve.json").unlink(missing_ok=True)


def _prepare(settings: Settings, workers: int) -> Portal:
    """What must be there before the web processes are; they inherit the environment."""
    shutil.rmtree(settings.run_dir, ignore_errors=True)
    (settings.run_dir / "metrics").mkdir(parents=True)
    (settings.run_dir / "serve.json").write_text(json.dumps({"pid": os.getpid()}))
    portal: Portal = create_app(settings).extensions["portal"]
    portal.exporter.state()  # from now on the age of scrapes counts
    address = settings.external_url or f"http://{settings.bind}"
    application.say(f"Portal {VERSION} on {address}")
    # Without its database the web goes up all the same, and says what is wrong.
    is_prepared = _prepare_database(portal)
    _record(portal, "runtime.started", version=VERSION, workers=workers)
    if settings.env == "development" and "PORTAL_METRICS_TOKENS" not in os.environ:
        path = settings.data_dir / "metrics-token"
        application.say(
            f"The metrics token of this development copy is in {path}; read the feed with:"
        )
        application.say(f'  curl -H "Authorization: Bearer $(cat {path})" {address}/health/metrics')
    threading.Thread(target=_watch, args=(portal, is_prepared), daemon=True, name="watch").start()
    return portal


def _prepare_database(portal: Portal) -> bool:
    """Migrations of a development copy, and the link for its first operator; False without one."""
    settings = portal.settings
    try:
        if settings.env == "development":
            schema.upgrade(settings.resolved_database_url)
        with portal.open_session() as session:
            engine.begin_write(session)
            link = operators.new_first_run_link(session)
            session.commit()
    except SQLAlchemyError as error:
        _log.error("serve.database_unreachable", error=type(error).__name__)
        return False
    if link:
        address = settings.external_url or f"http://{settings.bind}"
        application.say(f"Create the first operator (works once): {address}/panel/first-run/{link}")
    return True


def _record(portal: Portal, event_type: str, **detail: object) -> None:
    """Into the audit log or its spool; a signal is obeyed even when neither takes it."""
    try:
        portal.record(event_type, actor="portal serve", **detail)
    except UnrecordedError as error:
        _log.error("serve.unrecorded", detail=str(error))


def _watch(portal: Portal, is_prepared: bool) -> None:
    """Look for the database's going and coming, beside the supervisor's own loop."""
    watch = Watch(reaches(portal.apart), partial(_record, portal))
    while True:
        watch.look()
        if not is_prepared and watch.is_up:
            is_prepared = _prepare_database(portal)
        time.sleep(EVERY_SECONDS)


@click.command()
def worker() -> None:
    """Look at queues and alerts, sample the node's figures, and sweep what has run out."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    portal = application.portal()
    me = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    telling = threading.Thread(target=tell, args=(portal, me, stop), name="tell")
    telling.start()
    try:
        _rounds(portal, me, stop)
    finally:
        # Half a worker is none: what ends the rounds ends the telling, and a new one is started.
        stop.set()
        telling.join()
    _stopped(portal)


def _rounds(portal: Portal, me: str, stop: threading.Event) -> None:
    swept_at = None
    while not stop.is_set() and not portal.lifecycle.is_leaving:
        try:
            if lead(portal, me):
                turn(portal)
                now = clock.now()
                # Whichever way the clock was set meanwhile.
                if swept_at is None or abs(now - swept_at) >= SWEEP_EVERY:
                    sweep(portal)
                    swept_at = now
        except lease.LeaseLostError:
            _log.warning("worker.lease_lost")
        except SQLAlchemyError as error:
            _log.warning("worker.database_unreachable", error=type(error).__name__)
        # Short steps, so that a drain is seen within a second.
        for _ in range(int(workers.OWN_INTERVAL.total_seconds())):
            if portal.lifecycle.is_leaving or stop.wait(1.0):
                break


def lead(portal: Portal, me: str, name: str = LEASE, fence: lease.Fence | None = None) -> bool:
    """Whether this worker is the one that works now; renews its lease, or takes a free one."""
    fence = fence or portal.fence
    before = fence.held
    # In a session without the fence: whoever lost the lease may ask for it again.
    with Session(portal.engine) as session:
        engine.begin_write(session)
        held = lease.take(session, name, holder=me, now=clock.now())
        session.commit()
    if (held is None) != (before is None):
        _log.info("worker.leads" if held else "worker.stands_by", lease=name)
    fence.held = held
    return held is not None


def dispatcher(portal: Portal, fence: lease.Fence) -> Dispatcher:
    """What delivers, on sessions that hold `fence`."""
    settings = portal.settings
    mail = None
    if settings.smtp_url is not None:
        letters = Letters(
            sender=settings.mail_from,
            site=settings.site_name,
            url=settings.url,
            links=portal.links,
            render=portal.render_mail,
        )
        mail = Mail(settings.smtp_url, letters, rate=settings.mail_rate, folder=settings.data_dir)
    return Dispatcher(
        lambda: Session(portal.engine, info={"fence": fence}),
        settings,
        mail=mail,
        render=portal.render_mail,
    )


def tell(portal: Portal, me: str, stop: threading.Event) -> None:
    """Deliver notices beside the worker's rounds, which no slow mail server holds up."""
    fence = lease.Fence()
    post: Dispatcher | None = None
    led_at = counted_at = kept_at = None
    is_leader = is_busy = False
    while not stop.is_set() and not portal.lifecycle.is_leaving:
        try:
            post = post or dispatcher(portal, fence)
            now, is_busy = clock.now(), False
            # Whichever way the clock was set meanwhile.
            if led_at is None or abs(now - led_at) >= RENEW_EVERY:
                is_leader, led_at = lead(portal, me, TELLING_LEASE, fence), now
            if not is_leader:
                post.rest()
            else:
                if kept_at is None or abs(now - kept_at) >= TIMETABLE_EVERY:
                    kept_at = now
                    _keep_time_or_say(portal, fence)
                is_busy = post.turn()
                if counted_at is None or abs(now - counted_at) >= FIGURES_EVERY:
                    _count(portal, post)
                    counted_at = now
        except lease.LeaseLostError:
            _log.warning("worker.lease_lost", lease=TELLING_LEASE)
            led_at, is_leader = None, False
        except SQLAlchemyError as error:
            _log.warning("worker.database_unreachable", error=type(error).__name__)
            led_at = None
        except Exception:
            # A full disk, a folder that is gone: whatever it is, it may pass, and then people wait.
            _log.exception("worker.telling_failed")
            stop.wait(FAILED_PAUSE_SECONDS)
        is_waiting = post is not None and post.is_waiting
        stop.wait(0.02 if is_busy else 0.2 if is_waiting else 1.0)
    if post is None:
        return
    try:
        post.stop()
        if fence.held is not None:
            _count(portal, post, is_stopped=True)
            _give_back(portal, fence.held)
    except SQLAlchemyError as error:
        _log.warning("worker.database_unreachable", error=type(error).__name__)


def _keep_time_or_say(portal: Portal, fence: lease.Fence) -> None:
    """What is due by the clock; trouble with it holds up nothing that is on its way."""
    try:
        keep_time(portal, fence)
    except lease.LeaseLostError:
        raise
    except Exception:
        _log.exception("worker.timetable_failed")


def keep_time(portal: Portal, fence: lease.Fence) -> None:
    """Put into the outbox what became due by the clock; open incidents, if a setting says so."""
    now = clock.now()
    with Session(portal.engine, info={"fence": fence}) as session:
        # Most of the time there is nothing, and a look takes no lock.
        if timetable.due(session, portal.settings, now=now):
            session.rollback()
            engine.begin_write(session)
            for act in timetable.due(session, portal.settings, now=now):
                act()
            session.commit()
    if portal.settings.publish_by_itself:
        publishing.publish(portal.status.incidents, portal.settings)


def _count(portal: Portal, post: Dispatcher, *, is_stopped: bool = False) -> None:
    """The outbox as a worker's queue, with what keeps it from moving."""
    figures, trouble = post.figures(), post.trouble
    status = WorkerStatus.ERROR if trouble else WorkerStatus.HEALTHY
    portal.workers.report(
        workers.NOTIFICATIONS,
        WorkerIn(
            status=WorkerStatus.STOPPED if is_stopped else status,
            pending=figures.pending,
            stuck=figures.stuck,
            failed=figures.failed,
            note=trouble[:200],
        ),
        actor="portal worker",
    )


def turn(portal: Portal) -> None:
    """One round: queues, this worker's own report, a sample, and the alerts."""
    for queue in portal.settings.worker_queues:
        portal.workers.report(queue.worker, queues.look(queue), actor="portal worker")
    mine = WorkerIn(status=WorkerStatus.HEALTHY, pending=0)
    portal.workers.report(workers.OWN, mine, actor="portal worker")
    snapshot = portal.overview.take()
    with portal.open_session() as session:
        engine.begin_write(session)
        samples.take(session, snapshot)
        session.commit()
    portal.record.take_in()
    portal.episodes.reconcile(snapshot)
    portal.blocks.note_expired()


def sweep(portal: Portal) -> None:
    """Retention, and the windows of series two months ahead."""
    now = clock.now()
    portal.status.series.plan_ahead(By("portal worker"))
    with portal.open_session() as session:
        engine.begin_write(session)
        samples.sweep(session, now=now)
        sessions.sweep(session, now=now)
        throttle.sweep(session, now=now)
        idempotency.sweep(session, now=now)
        subscribers.sweep(session, now=now)
        episodes.sweep(session, now=now)
        offenders.sweep(session, now=now)
        offences.sweep(session, portal.settings.auto_block, now=now)
        addresses.forget(session, now=now, after=timedelta(days=portal.settings.audit_address_days))
        session.commit()
    # Of large numbers some at a time: a statement has two seconds.
    for _ in range(SWEEPS_AT_ONCE):
        with portal.open_session() as session:
            engine.begin_write(session)
            is_more = outbox.sweep(session, now=now)
            session.commit()
        if not is_more:
            break
    _seal(portal)


def _seal(portal: Portal) -> None:
    """Move events that have been kept long enough into a segment, a day's at a time."""
    settings, now = portal.settings, clock.now()
    if settings.audit_keep_days is None:
        return
    cut = (now - timedelta(days=settings.audit_keep_days)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    try:
        with portal.open_session() as session:
            engine.begin_write(session)
            segments.seal(session, settings.data_dir / "audit", before=cut, now=now)
            session.commit()
    except OSError as error:
        _log.error("worker.segment_not_kept", error=error.strerror)


def _stopped(portal: Portal) -> None:
    """Say that the stop was meant, so that it is no error, and let another worker lead."""
    held = portal.fence.held
    if held is None:
        return
    try:
        portal.workers.report(
            workers.OWN, WorkerIn(status=WorkerStatus.STOPPED, pending=0), actor="portal worker"
        )
        _give_back(portal, held)
    except SQLAlchemyError as error:
        _log.warning("worker.database_unreachable", error=type(error).__name__)


def _give_back(portal: Portal, held: lease.Held) -> None:
    with portal.open_session() as session:
        engine.begin_write(session)
        lease.give_back(session, held, now=clock.now())
        session.commit()


@click.command()
def check() -> None:
    """Validate the settings and say what is on and off; exit 1 when not ready."""
    settings = application.settings()
    portal: Portal = create_app(settings).extensions["portal"]
    readiness = portal.checks.readiness()
    for row in readiness.checks:
        click.echo(f"{row.name}: {row.status}{f' ({row.output})' if row.output else ''}")
    feed = ", ".join(token.name for token in settings.metrics_tokens) or "off"
    click.echo(f"metrics feed: {feed}")
    click.echo(f"rate limit: {settings.rate_limit}, {'redis' if settings.redis_url else 'memory'}")
    waf = portal.inspection.engine
    click.echo(f"WAF: {waf.name} ({waf.rule_set})")
    auto = settings.auto_block
    click.echo(
        "automatic blocks: off"
        if auto is None
        else f"automatic blocks: after {auto.threshold} refusals in"
        f" {spoken(auto.window.total_seconds())},"
        f" for {spoken(auto.ttl.total_seconds())}"
    )
    server = settings.smtp_url
    click.echo(f"mail: {f'{server.host}:{server.port}, {server.tls}' if server else 'off'}")
    broken = chat.check(settings.operator_channels)
    click.echo(f"operators' chats: {', '.join(chat.names(settings.operator_channels)) or 'none'}")
    for name in broken:
        click.echo(f"operators' chats: the address of {name} is not right", err=True)
    names = ", ".join(worker.name for worker in settings.workers_declared) or "none"
    click.echo(f"declared workers: {names}")
    click.echo(f"environment: {settings.env}")
    if readiness.status == "fail" or broken:
        raise SystemExit(1)
