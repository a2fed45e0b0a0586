"""Ping: ICMP echo, without root where the system allows it."""

from typing import Any

from pydantic import Field

from portal.monitors.kinds.base import Config, Host, Task
from portal.monitors.looks import CannotLookError, FailedError

NOT_ALLOWED = (
    "The system does not let the portal ping: set net.ipv4.ping_group_range to its group, or give"
    " it CAP_NET_RAW"
)
BETWEEN_SECONDS = 0.2


class PingConfig(Config):
    host: Host
    packets: int = Field(default=3, ge=1, le=10)
    most_loss_percent: int = Field(default=99, ge=0, le=99)

    @property
    def target(self) -> str:
        return self.host

    @property
    def hosts(self) -> list[str]:
        return [self.host]


async def look(config: PingConfig, task: Task) -> str:
    """Send some packets; down when none, or too few, come back."""
    from icmplib.exceptions import ICMPLibError, SocketPermissionError

    address = (await task.network.resolve(config.host, 0, task.trace))[0]
    task.trace.address = str(address)
    wait = max(0.5, task.timeout_seconds / config.packets - 2 * BETWEEN_SECONDS)
    try:
        with task.trace.phase("waiting"):
            found = await _pinged(str(address), config.packets, wait)
    except SocketPermissionError:
        raise CannotLookError(NOT_ALLOWED) from None
    except ICMPLibError as error:
        raise FailedError(f"No answer ({type(error).__name__})") from None
    if found.is_alive:
        # Between the packets the look waits, and that is no time of the target's.
        task.trace.measured_ms = found.avg_rtt
    loss = round(found.packet_loss * 100)
    said = f"{found.packets_received} of {found.packets_sent} packets, {found.avg_rtt:.1f} ms"
    task.trace.say(said)
    if not found.is_alive or loss > config.most_loss_percent:
        raise FailedError(f"{loss} % of the packets were lost")
    return said


async def _pinged(address: str, packets: int, wait: float) -> Any:
    """The way that needs no rights; with rights where that one is closed."""
    from icmplib import async_ping
    from icmplib.exceptions import SocketPermissionError

    values: dict[str, Any] = {"count": packets, "interval": BETWEEN_SECONDS, "timeout": wait}
    try:
        return await async_ping(address, privileged=False, **values)
    except SocketPermissionError:
        return await async_ping(address, privileged=True, **values)
