"""What the clock tells of, twice looked at, and plans for it to tell."""

from datetime import timedelta
from typing import Any

from portal import clock
from portal.notify import publishing
from portal.status.notices import Notice
from portal.status.windows import WindowIn
from portal.store.lease import Fence
from portal.unit_of_work import By
from portal.worker.delivery import put_due
from portal.worker.rounds import run_once
from tests.clocks import StandingClock
from tests.sites import SCRAPER, Site


def look(site: Site) -> None:
    """Two looks; the second must find nothing new."""
    put_due(site.portal, Fence())
    put_due(site.portal, Fence())


def events(site: Site) -> list[str]:
    with site.portal.core.open_session() as session:
        return [one.event for one in session.query(Notice).order_by(Notice.id)]


def plan(site: Site, *, in_: timedelta, length: timedelta = timedelta(hours=1), **more: Any) -> str:
    now = clock.now()
    given = WindowIn(title="Migration", starts_at=now + in_, ends_at=now + in_ + length, **more)
    return str(site.portal.status.windows.schedule(By("test"), given).reference)


def stale(site: Site, still: StandingClock) -> None:
    """A scrape, and then none for 20 minutes."""
    site.scrape(SCRAPER)
    still.advance(minutes=20)
    run_once(site.portal)


def published(site: Site) -> list[str]:
    return publishing.publish(site.portal.status.incidents, site.settings, runbook="/runbook")
