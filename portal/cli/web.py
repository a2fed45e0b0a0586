"""What each web process of `portal serve` loads."""

import threading
import time
from collections.abc import Callable
from typing import cast

import structlog
from sqlalchemy.exc import SQLAlchemyError

from portal import logs, rooms
from portal.cli import application
from portal.guard.chain import Chain
from portal.lifecycle.phases import Phase
from portal.rooms import Portal
from portal.store.changes import Changes
from portal.web.gateway import Gateway

_log = structlog.get_logger()
PUBLISH_EVERY_SECONDS = 1.0
REFRESH_EVERY_SECONDS = 0.1
FLUSH_EVERY_SECONDS = 1.0
# Even where nothing seems to have changed: blocks run out, and a database may be gone.
LOOK_EVERY_SECONDS = 1.0


def _publish_figures(portal: Portal) -> None:
    """Show the node's other processes our figures; never waits for the database."""
    while True:
        try:
            portal.runtime.node.publish()
        except OSError as error:
            _log.warning("web.run_directory_unusable", error=type(error).__name__)
        # On the way out somebody waits for every step to be seen.
        for _ in range(int(PUBLISH_EVERY_SECONDS / REFRESH_EVERY_SECONDS)):
            time.sleep(REFRESH_EVERY_SECONDS)
            if portal.lifecycle.phases.is_leaving:
                break


def _refresh(portal: Portal) -> None:
    """Look for what other processes changed, so that no request ever waits for that."""
    flushed_at = looked_at = 0.0
    changes = Changes(portal.core.settings.resolved_database_url)
    while True:
        portal.lifecycle.phases.refresh()
        # A pool that was closed stays so, whatever becomes of the mark.
        if portal.core.pool.is_closed or portal.lifecycle.phases.current() is Phase.CLOSING:
            # From now on nothing is asked of the database; the feed goes on from memory.
            portal.core.pool.close()
            changes.close()
            time.sleep(REFRESH_EVERY_SECONDS)
            continue
        is_late = time.monotonic() - looked_at >= LOOK_EVERY_SECONDS
        if changes.are_there() or is_late or portal.board.is_over:
            looked_at = time.monotonic()
            _tried(portal.board.refresh)
            _tried(portal.guard.perimeter.refresh)
        if time.monotonic() - flushed_at >= FLUSH_EVERY_SECONDS:
            flushed_at = time.monotonic()
            portal.runtime.counters.log_dropped.inc(logs.take_dropped())
            for step in (
                portal.runtime.workers.refresh,
                portal.guard.offences.flush,
                portal.guard.offenders.flush,
                portal.core.audit_log.take_in,
            ):
                _tried(step)
        time.sleep(max(0.005, min(REFRESH_EVERY_SECONDS, portal.board.seconds_left)))


def _tried(step: Callable[[], object]) -> None:
    try:
        step()
    except SQLAlchemyError as error:
        _log.warning("web.database_unreachable", error=type(error).__name__)
    except Exception:
        # Whatever one step meets, the next round comes.
        _log.exception("web.refresh_failed")


logs.configure()
_app = application.make()
_portal = rooms.of(_app)
for _part in (
    _portal.board,
    _portal.guard.perimeter,
    _portal.runtime.workers,
    _portal.lifecycle.phases,
):
    _part.is_supervised = True
_tried(_portal.board.refresh)
_tried(_portal.guard.perimeter.refresh)
_tried(_portal.runtime.workers.refresh)
app = Gateway(cast(Chain, _app.wsgi_app), _portal.lifecycle.phases)
# Daemons: the server ends its processes without asking threads.
for _step in (_publish_figures, _refresh):
    threading.Thread(target=_step, args=(_portal,), daemon=True, name=_step.__name__).start()
