"""The reference: an address that is trusted to be there, which proves the node's own way out."""

import asyncio

from portal import clock
from portal.monitors.looks import CannotLookError, FailedError, Trace
from portal.monitors.network import Network
from portal.monitors.targets import Targets
from portal.settings.monitors import Endpoint

WITHIN_SECONDS = 5.0


class Reference:
    """Whether one of some endpoints takes a connection; without any nobody can tell."""

    def __init__(self, endpoints: tuple[Endpoint, ...], targets: Targets) -> None:
        self._endpoints = endpoints
        self._network = Network(targets.freed(one.host for one in endpoints))
        self._asked: tuple[float, asyncio.Task[bool]] | None = None

    async def is_offline(self) -> bool:
        """Whether the node is known to be offline; asked once for all that fail at once."""
        if not self._endpoints:
            return False
        now = clock.boot_seconds()
        if self._asked is None or now - self._asked[0] > WITHIN_SECONDS:
            self._asked = (now, asyncio.create_task(self._reach()))
        return not await asyncio.shield(self._asked[1])

    async def _reach(self) -> bool:
        for one in self._endpoints:
            try:
                async with asyncio.timeout(WITHIN_SECONDS):
                    connection = await self._network.connect(one.host, one.port, Trace())
            except (FailedError, CannotLookError, OSError):
                continue
            connection.close()
            return True
        return False
