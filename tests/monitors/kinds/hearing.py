"""Looks at a listener by a name, and whether it heard them."""

import asyncio
from collections.abc import Callable

from portal.monitors.looks import Look
from portal.monitors.monitor import Kind
from tests.monitors.kinds.looks import OK, look
from tests.monitors.servers import Handler

NAME = "shop.example"
Named = Callable[..., None]


def hearing(heard: list[int]) -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(1)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)

    return handle


def http(port: int, **given: object) -> Look:
    return look(Kind.HTTP, url=f"http://{NAME}:{port}/", **given)


METADATA = "The metadata services of clouds are never called."
