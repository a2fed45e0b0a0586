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
from portal.web.gateway import Gateway

_log = structlog.get_logger()
TELL_EVERY_SECONDS = 1.0
TEND_EVERY_SECONDS = 0.1
ADD_UP_EVERY_SECONDS = 1.0


def _tell(portal: Portal) -> None:
    """Tell the siblings of the node; apart from what may wait for the database."""
    while True:
        try:
            portal.runtime.node.publish()
        except OSError as error:
            _log.warning("web.run_directory_unusable", error=type(error).__name__)
        # On the way out somebody waits for every step to be told.
        for _ in range(int(TELL_EVERY_SECONDS / TEND_EVERY_SECONDS)):
            time.sleep(TEND_EVERY_SECONDS)
            if portal.lifecycle.phases.is_leaving:
                break


def _tend(portal: Portal) -> None:
    """Look for what other processes changed, so that no request ever waits for that."""
    added_up = 0.0
    while True:
        left = TEND_EVERY_SECONDS
        portal.lifecycle.phases.look()
        if portal.lifecycle.phases.current() is Phase.CLOSING:
            # From now on nothing is asked of the database; the feed goes on from memory.
            portal.core.pool.close()
            time.sleep(left)
            continue
        for look in (portal.board.tend, portal.guard.perimeter.look):
            left = min(left, _tried(look) or left)
        if time.monotonic() - added_up >= ADD_UP_EVERY_SECONDS:
            added_up = time.monotonic()
            portal.runtime.counters.log_dropped.inc(logs.take_dropped())
            for step in (
                portal.runtime.workers.look,
                portal.guard.offences.flush,
                portal.guard.offenders.flush,
                portal.core.audit_log.take_in,
            ):
                _tried(step)
        time.sleep(max(0.005, left))


def _tried(step: Callable[[], float | None]) -> float | None:
    try:
        return step()
    except SQLAlchemyError as error:
        _log.warning("web.database_unreachable", error=type(error).__name__)
    except Exception:
        # Whatever one step meets, the next round comes.
        _log.exception("web.tending_failed")
    return None


logs.configure()
_app = application.make()
_portal = rooms.of(_app)
_portal.board.is_tended = _portal.guard.perimeter.is_tended = _portal.runtime.workers.is_tended = (
    True
)
_portal.lifecycle.phases.is_tended = True
_tried(_portal.board.tend)
_tried(_portal.guard.perimeter.look)
_tried(_portal.runtime.workers.look)
app = Gateway(cast(Chain, _app.wsgi_app), _portal.lifecycle.phases)
# Daemons: the server ends its processes without asking threads.
for _step in (_tell, _tend):
    threading.Thread(target=_step, args=(_portal,), daemon=True, name=_step.__name__).start()
