"""TCP: a connection that is taken."""

from portal.monitors.kinds.base import HostConfig, Task


class TcpConfig(HostConfig):
    """A host and a port are enough."""


async def look(config: TcpConfig, task: Task) -> str:
    """Connect, and hang up."""
    connection = await task.network.connect(config.host, config.port, task.trace)
    connection.close()
    return "Connected"
