"""The worker's part of monitors: the lease is kept, whatever the looks wait for."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.monitors.watch import Watch
from portal.worker.monitoring import Monitoring
from tests.sites import Site


def test_name_servers_that_say_nothing_hold_up_no_lease(
    site: Site, monkeypatch: pytest.MonkeyPatch
):
    """All threads that look up names wait."""
    released, led = threading.Event(), []
    names = ThreadPoolExecutor(1)
    names.submit(released.wait)

    async def run(watch: Watch, before: Callable[[], Awaitable[bool]]) -> None:
        asyncio.get_running_loop().set_default_executor(names)
        watchdog = asyncio.get_running_loop().call_later(10, released.set)
        await before()
        led.append((watch.leads, released.is_set()))
        watchdog.cancel()

    monkeypatch.setattr(Watch, "run", run)
    monitoring = Monitoring(site.portal, "worker", threading.Event())
    try:
        asyncio.run(release_after(monitoring.watch(), released))
    finally:
        released.set()
        monitoring.close()
    assert led == [(True, False)]


async def release_after(act: Awaitable[None], released: threading.Event) -> None:
    try:
        await act
    finally:
        released.set()
