"""Servers that answer as they are told: well, slowly, wrongly, without end, or not at all."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import dns.message
import dns.rcode
import dns.rrset

from tests import event_loops

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextmanager
def event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        asyncio.run_coroutine_threadsafe(_cancel_all(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _cancel_all() -> None:
    tasks = [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await event_loops.rounds()


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


def saying(*parts: bytes, every: float = 0.0, asks: bool = True) -> Handler:
    """Read a request's head, then say some bytes, one part after the other."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if asks:
            await reader.readuntil(b"\r\n\r\n")
        for part in parts:
            writer.write(part)
            await writer.drain()
            if every:
                await asyncio.sleep(every)

    return handle


def drip(head: bytes) -> Handler:
    """An answer that never ends, a byte at a time."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    return handle


def flood(head: bytes, sent: list[int]) -> Handler:
    """An answer of a gigabyte; `sent` counts what was taken of it."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
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


class _NameServer(asyncio.DatagramProtocol):
    def __init__(self, records: dict[tuple[str, str], list[str]], forged: str) -> None:
        self._records, self._forged = records, forged

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        question = dns.message.from_wire(data)
        asked = question.question[0]
        name, kind = asked.name.to_text().rstrip("."), dns.rdatatype.to_text(asked.rdtype)
        answer = dns.message.make_response(question)
        values = self._records.get((name, kind), [])
        if values:
            answer.answer.append(dns.rrset.from_text(asked.name, 60, "IN", kind, *values))
        elif name not in {known for known, _ in self._records}:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        if self._forged == "id":
            answer.id ^= 1
        elif self._forged == "question":
            answer.question = dns.message.make_query("other.test", kind).question
        self._transport.sendto(answer.to_wire(), address)


@contextmanager
def name_server(records: dict[tuple[str, str], list[str]], *, forged: str = "") -> Iterator[int]:
    """A DNS server with some records; `forged`: its answers have another `id` or `question`."""
    with event_loop() as loop:

        def make() -> _NameServer:
            return _NameServer(records, forged)

        async def start() -> Any:
            return await loop.create_datagram_endpoint(make, local_addr=("127.0.0.1", 0))

        transport, _ = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
        try:
            yield transport.get_extra_info("sockname")[1]
        finally:
            loop.call_soon_threadsafe(transport.close)


@contextmanager
def grpc_health(states: dict[str, int], *, slow: float = 0.0) -> Iterator[int]:
    """A gRPC server with the standard health service; `states` by the service's name."""
    import grpc
    import grpc.aio

    async def check(request: bytes, context: Any) -> bytes:
        await asyncio.sleep(slow)
        name = request[2:].decode()
        if name not in states:
            await context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        return bytes([8, states[name]])

    async def start() -> tuple[Any, int]:
        server = grpc.aio.server()
        method = grpc.unary_unary_rpc_method_handler(check)
        handlers = grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": method})
        server.add_generic_rpc_handlers((handlers,))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        return server, port

    with event_loop() as loop:
        server, port = asyncio.run_coroutine_threadsafe(start(), loop).result(20)
        try:
            yield port
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(None), loop).result(20)
