"""One HTTP request on a connection of its own, by httpcore, the engine beneath httpx.

Of the libraries it is the one that takes its connections from us, so that the address that was
checked is the address that is called, and that times the handshake apart from the connection. It
takes 4 MB where aiohttp takes 17. It is loaded with the first look.
"""

import ssl
from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

import httpcore

from portal.monitors import network
from portal.monitors.kinds.answers import Answer
from portal.monitors.kinds.base import Task
from portal.monitors.looks import FailedError
from portal.monitors.network import Connection

HAS_HTTP2 = find_spec("h2") is not None


class _Stream(httpcore.AsyncNetworkStream):
    """A connection of ours as httpcore reads and writes it; the whole look has one timeout."""

    def __init__(self, connection: Connection, task: Task) -> None:
        self._connection, self._task = connection, task

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        reader, _ = await self._connection.plain()
        try:
            return await reader.read(max_bytes)
        except OSError as error:
            raise FailedError(network.said(error)) from None

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        _, writer = await self._connection.plain()
        try:
            writer.write(buffer)
            await writer.drain()
        except OSError as error:
            raise FailedError(network.said(error)) from None

    async def aclose(self) -> None:
        self._connection.close()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        await self._connection.secure(ssl_context, server_hostname or "", self._task.trace)
        return self

    def get_extra_info(self, info: str) -> Any:
        writer = self._connection.writer
        return writer.get_extra_info(info) if writer is not None else None


class _Backend(httpcore.AsyncNetworkBackend):
    """Connections within what is allowed."""

    def __init__(self, task: Task) -> None:
        self._task = task

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._task.network.connect(host, port, self._task.trace), self._task)


async def ask(
    task: Task,
    method: str,
    url: str,
    headers: dict[str, str],
    body: bytes,
    *,
    verify: bool,
    http2: bool,
    most_bytes: int,
) -> Answer:
    """Send a request and read the answer, of its body no more than `most_bytes`."""
    trace = task.trace
    context = network.tls(verify, ("h2", "http/1.1") if http2 else ("http/1.1",))
    request = httpcore.Request(
        method, url, headers=_ordered(url, headers, body), content=body or None
    )
    connection = httpcore.AsyncHTTPConnection(
        request.url.origin, ssl_context=context, http2=http2, network_backend=_Backend(task)
    )
    try:
        with trace.phase("waiting"):
            response = await connection.handle_async_request(request)
        with trace.phase("answer"):
            content = await _content(response, most_bytes)
    except httpcore.RemoteProtocolError:
        raise FailedError("The answer is no HTTP") from None
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise FailedError(f"The connection broke ({type(error).__name__})") from None
    finally:
        await connection.aclose()
    extensions = response.extensions
    return Answer(
        response.status,
        extensions.get("reason_phrase", b"").decode("ascii", "replace") or _reason(response.status),
        extensions.get("http_version", b"HTTP/1.1").decode("ascii", "replace"),
        {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in response.headers
        },
        content,
    )


async def _content(response: httpcore.Response, most_bytes: int) -> bytes:
    found = bytearray()
    stream = response.stream
    async for part in stream:  # type: ignore[union-attr]
        found += part
        if len(found) >= most_bytes:
            break
    return bytes(found[:most_bytes])


def _ordered(url: str, headers: dict[str, str], body: bytes) -> list[tuple[str, str]]:
    """The headers with the host first, as servers expect it; names are told apart without case."""
    given = {name.lower(): (name, value) for name, value in headers.items()}
    given.setdefault("host", ("Host", urlsplit(url).netloc))
    if body:
        given["content-length"] = ("Content-Length", str(len(body)))
    host = given.pop("host")
    return [host, *given.values()]


def _reason(status: int) -> str:
    from http import HTTPStatus

    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
