"""The rooms of one app, as the faces and the commands reach them."""

from dataclasses import dataclass

from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from portal.audit.record import Record
from portal.board.publish import Board
from portal.guard.blocks import Blocks
from portal.guard.inspection import Inspection
from portal.guard.limits import Limits
from portal.guard.offences import Offences
from portal.guard.offenders import Offenders
from portal.guard.perimeter import Perimeter
from portal.lifecycle.checks import Checks
from portal.lifecycle.phases import Lifecycle
from portal.notify.desk import Desk
from portal.notify.messages import Render
from portal.notify.subscribers import Links
from portal.runtime.episodes import Episodes
from portal.runtime.exporter import Exporter
from portal.runtime.feed import Feed
from portal.runtime.node import Node
from portal.runtime.overview import Overview
from portal.runtime.series import Series
from portal.runtime.workers import Workers
from portal.settings import Settings
from portal.status.room import Status
from portal.store.lease import Fence
from portal.store.pool import CountingPool


@dataclass(frozen=True)
class Portal:
    """The parts of one app, under `app.extensions["portal"]`."""

    settings: Settings
    board: Board
    status: Status
    blocks: Blocks
    perimeter: Perimeter
    inspection: Inspection
    offences: Offences
    offenders: Offenders
    limits: Limits
    workers: Workers
    episodes: Episodes
    series: Series
    exporter: Exporter
    lifecycle: Lifecycle
    node: Node
    feed: Feed
    checks: Checks
    overview: Overview
    record: Record
    # Telling people: operators' acts, links that are signed, mails from their templates.
    desk: Desk
    links: Links
    render_mail: Render
    # What this process holds of what only one may do.
    fence: Fence
    engine: Engine
    # A connection of its own for looks at the database, which must not wait for the pool.
    apart: Engine

    def open_session(self) -> Session:
        return self.status.windows.open_session()

    def close_pool(self) -> bool:
        """Give out no more connections; True when none is left open."""
        assert isinstance(self.engine.pool, CountingPool)
        return self.engine.pool.close()
