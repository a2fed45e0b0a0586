"""TLS: a handshake, and the certificate that it shows."""

from portal.monitors import network
from portal.monitors.kinds.base import Host, HostConfig, Port, Task


class TlsConfig(HostConfig):
    port: Port = 443
    server_name: Host | None = None
    verify_tls: bool = True


async def look(config: TlsConfig, task: Task) -> str:
    """Shake hands, and hang up."""
    connection = await task.network.connect(config.host, config.port, task.trace)
    try:
        name = config.server_name or config.host
        _, writer = await connection.secure(network.tls(config.verify_tls), name, task.trace)
        version = writer.get_extra_info("ssl_object").version()
    finally:
        connection.close()
    return str(version)
