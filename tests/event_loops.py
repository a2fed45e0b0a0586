"""Servers on an event loop, ended so that no connection is left open.

A connection that is left open is told by the garbage collector, in some later test.
"""

import asyncio
from collections.abc import Callable, Iterable


async def rounds() -> None:
    """A few rounds of the loop: what is accepted is connected, what is closed is let go of."""
    for _ in range(4):
        await asyncio.sleep(0)


async def stop(
    server: asyncio.Server, connections: Callable[[], Iterable[asyncio.BaseTransport | None]]
) -> None:
    """Accept no more, and abort the connections once all that were accepted are known.

    A server that is closed while a connection is between the two loses it, so it is closed last.
    """
    for socket in server.sockets:
        asyncio.get_running_loop().remove_reader(socket.fileno())
    await rounds()
    for transport in connections():
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()
    server.close()
    await rounds()
