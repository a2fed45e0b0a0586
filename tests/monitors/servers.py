"""Servers that answer as they are told: well, slowly, wrongly, without end, or not at all."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tests import event_loops
from tests.monitors.event_loop import event_loop

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextmanager
def serving(handler: Handler, *, ssl: Any = None) -> Iterator[int]:
    """A TCP server on a port of loopback; each connection is the handler's."""

    connections: list[asyncio.WriteTransport] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await handler(reader, writer)
        writer.close()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Kept from the first moment: a task that is cancelled before its first step closes nothing.
        connections.append(writer.transport)
        tasks.add(asyncio.ensure_future(handle(reader, writer)))

    tasks: set[asyncio.Future[None]] = set()
    with event_loop() as loop:
        starting = asyncio.start_server(connected, "127.0.0.1", 0, ssl=ssl)
        server = asyncio.run_coroutine_threadsafe(starting, loop).result(10)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            stopping = event_loops.stop(server, lambda: connections)
            asyncio.run_coroutine_threadsafe(stopping, loop).result(10)


async def request(reader: asyncio.StreamReader) -> bytes:
    """Read a request whole: what is left unread when a connection is closed resets it."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)^content-length: *(\d+)", head, re.MULTILINE)
    return head + await reader.readexactly(int(length[1]) if length else 0)


def saying(*parts: bytes, every: float = 0.0, asks: bool = True) -> Handler:
    """Read a request, then say some bytes, one part after the other."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if asks:
            await request(reader)
        for part in parts:
            writer.write(part)
            await writer.drain()
            if every:
                await asyncio.sleep(every)

    return handle


def drip(head: bytes) -> Handler:
    """An answer that never ends, a byte at a time."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(head)
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    return handle


def flood(head: bytes, sent: list[int]) -> Handler:
    """An answer of a gigabyte; `sent` counts what was taken of it."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(head)
        for _ in range(16_384):
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent.append(65_536)

    return handle


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take the connection and say nothing."""
    await asyncio.sleep(3600)


@contextmanager
def forwarding(path: str, *, slow: float = 0.0) -> Iterator[int]:
    """A port that leads to a Unix socket, each piece so many seconds later."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            await asyncio.sleep(slow)
            writer.write(data)
            await writer.drain()
        writer.close()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_unix_connection(path)
        try:
            await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))
        finally:
            far_writer.transport.abort()

    with serving(handle) as port:
        yield port
