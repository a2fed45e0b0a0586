"""The rooms of one app, as the faces, the commands and the worker reach them."""

from dataclasses import dataclass
from typing import Any

from portal.board.publish import Board
from portal.core import Core
from portal.guard.room import Guard
from portal.lifecycle.room import Lifecycle
from portal.monitors.room import MonitorsRoom
from portal.notify.room import Notify
from portal.runtime.overview import Overview
from portal.runtime.room import Runtime
from portal.runtime.shared import SharedSnapshot
from portal.status.room import StatusRoom


@dataclass(frozen=True)
class Portal:
    """Under `app.extensions["portal"]`; `overview` takes the snapshot of all of them.

    `shared` is that snapshot for the panels, which look often and many at once.
    """

    core: Core
    status: StatusRoom
    board: Board
    guard: Guard
    runtime: Runtime
    notify: Notify
    lifecycle: Lifecycle
    overview: Overview
    shared: SharedSnapshot
    monitors: MonitorsRoom


def of(app: Any) -> Portal:
    """The rooms of a Flask app that `create_app` made."""
    found: Portal = app.extensions["portal"]
    return found
