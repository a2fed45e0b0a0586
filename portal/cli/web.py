"""What each web process of `portal serve` loads."""

import fcntl
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import cast

import structlog
from apiflask import APIFlask
from sqlalchemy.exc import SQLAlchemyError

from portal import clock, logs, rooms
from portal.cli import application, children
from portal.guard.chain import Chain
from portal.lifecycle.phases import Phase
from portal.lifecycle.watch import EVERY_SECONDS, Watch, reaches
from portal.rooms import Portal
from portal.store import changes, revision
from portal.store.wakes import Wakes
from portal.web.gateway import Gateway

_log = structlog.get_logger()
PUBLISH_EVERY_SECONDS = 1.0
# Where nothing was asked; others forget what is older than five seconds.
PUBLISH_QUIET_EVERY_SECONDS = 2.5
REFRESH_EVERY_SECONDS = 0.1
FLUSH_EVERY_SECONDS = 1.0


def _publish_figures(portal: Portal, leaving: threading.Event) -> None:
    """Show the node's other processes our figures; never waits for the database."""
    told: object = None
    told_at = 0.0
    while True:
        portal.guard.limits.settle()
        found = portal.guard.limits.counted, portal.lifecycle.phases.share()
        is_late = clock.boot_seconds() - told_at >= PUBLISH_QUIET_EVERY_SECONDS
        if found != told or is_late or leaving.is_set():
            told, told_at = found, clock.boot_seconds()
            try:
                portal.runtime.node.publish()
            except OSError as error:
                _log.warning("web.run_directory_unusable", error=type(error).__name__)
        # On the way out somebody waits for every step to be seen.
        if leaving.wait(PUBLISH_EVERY_SECONDS):
            time.sleep(REFRESH_EVERY_SECONDS)


def _refresh(portal: Portal, leaving: threading.Event) -> None:
    """Look for what other processes changed, so that no request ever waits for that."""
    flushed_at = looked_at = 0.0
    has_news = False
    seen = changes.of(portal.core.settings.resolved_database_url)
    wakes = Wakes(seen, portal.core.settings.run_dir)
    while True:
        portal.lifecycle.phases.refresh()
        if portal.lifecycle.phases.is_leaving:
            leaving.set()
        else:
            leaving.clear()
        # A pool that was closed stays so, whatever becomes of the mark.
        if portal.core.pool.is_closed or portal.lifecycle.phases.current() is Phase.CLOSING:
            # From now on nothing is asked of the database; the feed goes on from memory.
            portal.core.pool.close()
            seen.close()
            wakes.close()
            time.sleep(REFRESH_EVERY_SECONDS)
            continue
        is_late = time.monotonic() - looked_at >= seen.ask_every
        are_there = seen.are_there()
        if are_there:
            wakes.found()
        if are_there or is_late or portal.board.is_over:
            looked_at = time.monotonic()
            has_news = True
            if not _look(portal):
                looked_at = 0.0
                wakes.stir()
        if time.monotonic() - flushed_at >= FLUSH_EVERY_SECONDS:
            flushed_at = time.monotonic()
            portal.runtime.counters.log_dropped.inc(logs.take_dropped())
            if has_news:
                has_news = False
                _tried(portal.runtime.workers.refresh)
                _tried(portal.monitors.gauges.refresh)
            for step in (
                portal.guard.offences.flush,
                portal.guard.offenders.flush,
                portal.core.audit_log.take_in,
            ):
                _tried(step)
        wakes.wait(max(0.005, portal.board.seconds_left))


def _look(portal: Portal) -> bool:
    """Take up what is new, by one look at both revisions; False when it could not be."""
    try:
        numbers = revision.all_of(portal.core.open_session)
    except SQLAlchemyError:
        # The board says since when, and the blocks stay as they are.
        _tried(portal.board.refresh)
        return False
    _tried(lambda: portal.board.confirm(numbers.get(revision.BOARD, 0)))
    is_taken = portal.guard.perimeter.refresh(numbers.get(revision.PERIMETER, 0))
    return is_taken and portal.board.failure is None


def _watch(portal: Portal) -> None:
    """Record the database's going and coming, in one of the node's web processes."""
    with (portal.core.settings.run_dir / "watch.lock").open("w") as lock:
        # Whoever holds it watches, for as long as it lives.
        fcntl.flock(lock, fcntl.LOCK_EX)
        watch = Watch(reaches(portal.core.probe_engine), partial(application.record, portal))
        while portal.lifecycle.phases.current() is not Phase.CLOSING:
            watch.check()
            time.sleep(EVERY_SECONDS)


def _tried(step: Callable[[], object]) -> None:
    try:
        step()
    except SQLAlchemyError as error:
        _log.warning("web.database_unreachable", error=type(error).__name__)
    except Exception:
        # Whatever one step meets, the next round comes.
        _log.exception("web.refresh_failed")


def load() -> Gateway:
    """The application of a web process that was begun as a program."""
    logs.configure()
    return begin(application.make())


def begin(app: APIFlask) -> Gateway:
    """The application of a web process, and what goes on beside it in threads."""
    children.end_with_the_parent()
    children.be_called("portal web")
    portal = rooms.of(app)
    for part in (
        portal.board,
        portal.guard.perimeter,
        portal.runtime.workers,
        portal.lifecycle.phases,
        portal.monitors.gauges,
    ):
        part.is_supervised = True
    # What this process was forked with may be days old: it counts until something newer is there.
    portal.board.is_inherited = True
    _tried(portal.board.refresh)
    if portal.board.failure is not None:
        portal.guard.perimeter.forget()
        portal.runtime.workers.forget()
    else:
        _tried(portal.guard.perimeter.refresh)
        _tried(portal.runtime.workers.refresh)
    # Daemons: the server ends its processes without asking threads.
    leaving = threading.Event()
    for run, *given in ((_publish_figures, leaving), (_refresh, leaving), (_watch,)):
        threading.Thread(target=run, args=(portal, *given), daemon=True, name=run.__name__).start()
    return Gateway(cast(Chain, app.wsgi_app), portal.lifecycle.phases)
