"""A portal with ninety days behind it, written in bulk through the house's own rows.

What it holds is the same in every run: the numbers come from a seed, and all times are told from
`NOW`, where the clock of the tests stands. `counts` says what tests may rely on.
"""

import random

from sqlalchemy.orm import Session

from portal.rooms import Portal
from portal.store import engine as engines
from portal.store import revision, schema
from tests.instants import NOW
from tests.lived_in.announcements import add_announcements
from tests.lived_in.components import add_components
from tests.lived_in.events import add_events
from tests.lived_in.incidents import add_incidents
from tests.lived_in.monitors import add_monitors
from tests.lived_in.notices import add_notices, add_subscribers
from tests.lived_in.people import add_people
from tests.lived_in.perimeter import add_perimeter
from tests.lived_in.runtime import add_runtime
from tests.lived_in.windows import add_series, add_windows


def fill(url: str) -> None:
    """Migrate an empty database, and fill it."""
    schema.upgrade(url)
    settle(url)


def settle(url: str) -> None:
    """Fill a database that is migrated."""
    engine = engines.probe_engine(url)
    dice = random.Random(7)
    with Session(engine) as session:
        engines.begin_write(session)
        slugs = add_components(session, NOW)
        add_series(session, slugs, NOW)
        add_windows(session, slugs, dice, NOW)
        add_announcements(session, dice, NOW)
        add_incidents(session, slugs, dice, NOW)
        numbers = add_subscribers(session, slugs, dice, NOW)
        add_notices(session, numbers, dice, NOW)
        add_perimeter(session, dice, NOW)
        add_runtime(session, dice, NOW)
        add_people(session, NOW)
        add_monitors(session, NOW)
        add_events(session, dice, NOW)
        for which in (revision.BOARD, revision.PERIMETER):
            revision.advance(session, which)
        session.commit()
    engine.dispose()


def tend(portal: Portal) -> None:
    """As a web process of `portal serve` has it: a thread beside the requests looks for changes.

    It looks once, here; what a request asks after that is its own.
    """
    portal.board.refresh()
    portal.guard.perimeter.refresh()
    portal.runtime.workers.refresh()
    portal.board.is_supervised = portal.guard.perimeter.is_supervised = True
    portal.monitors.gauges.is_supervised = True
    portal.runtime.workers.is_supervised = portal.lifecycle.phases.is_supervised = True
