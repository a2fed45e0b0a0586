"""A lease of the test, taken by name."""

from portal import clock
from portal.store import engine, lease
from portal.store.lease import Held
from tests.sites import Site


def take(site: Site, holder: str) -> Held | None:
    with site.portal.core.open_session() as session:
        engine.begin_write(session)
        held = lease.take(session, "test", holder=holder, now=clock.now())
        session.commit()
    return held
