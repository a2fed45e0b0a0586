"""A name that leads to a listener of the test."""

import asyncio
import socket
from typing import Any

import pytest

from tests.monitors.kinds.hearing import NAME, Named


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> Named:
    """What the name stands for from now on."""
    real = asyncio.BaseEventLoop.getaddrinfo

    def stand(*addresses: str) -> None:
        async def found(loop: Any, host: str, port: int, **more: Any) -> list[Any]:
            if host != NAME:
                return list(await real(loop, host, port, **more))
            families = {True: socket.AF_INET6, False: socket.AF_INET}
            return [
                (families[":" in one], socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses
            ]

        monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", found)

    return stand
