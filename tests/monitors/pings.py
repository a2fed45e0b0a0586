"""The address of a heartbeat is called."""

from sqlalchemy import select

from portal.monitors.heartbeats import Heartbeat
from portal.monitors.monitor import Monitor
from portal.monitors.pings import Ping
from tests.monitors.watching import Watching


def ping(world: Watching, said: Ping, slug: str = "nightly") -> bool:
    of_slug = select(Heartbeat.token).join(Monitor, Monitor.id == Heartbeat.monitor_id)
    token = world.query(lambda session: session.scalar(of_slug.where(Monitor.slug == slug)))
    return bool(world.site.portal.monitors.pings.take(token, said))
