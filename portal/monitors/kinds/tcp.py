"""TCP: a connection that is taken."""

from portal.monitors.kinds.base import Config, Host, Port, Task


class TcpConfig(Config):
    host: Host
    port: Port

    @property
    def target(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def hosts(self) -> list[str]:
        return [self.host]


async def look(config: TcpConfig, task: Task) -> str:
    """Connect, and hang up."""
    connection = await task.network.connect(config.host, config.port, task.trace)
    connection.close()
    return "Connected"
