"""What the room of monitors holds."""

from collections.abc import Callable
from dataclasses import dataclass

from portal.core import Core
from portal.monitors.acts import Monitors
from portal.monitors.credentials import Credentials
from portal.monitors.gauges import Gauges
from portal.monitors.latencies import Latencies
from portal.monitors.pings import Pings
from portal.monitors.shown import Shown
from portal.monitors.targets import Targets


@dataclass(frozen=True)
class MonitorsRoom:
    """What operators do with monitors, what calls heartbeats, and how they are answered."""

    acts: Monitors
    pings: Pings
    credentials: Credentials
    targets: Targets
    shown: Shown
    gauges: Gauges
    latencies: Latencies


def build(core: Core, on_change: Callable[[], None], gauges: Gauges) -> MonitorsRoom:
    """The room on one database; `on_change` is called after each commit."""
    credentials = Credentials(core.secret_keys)
    targets = Targets(core.settings.monitor_targets)
    return MonitorsRoom(
        acts=Monitors(core.open_session, on_change, credentials=credentials, targets=targets),
        pings=Pings(core.open_session),
        credentials=credentials,
        targets=targets,
        shown=Shown(credentials, core.settings.url),
        gauges=gauges,
        latencies=Latencies(core.open_session),
    )
