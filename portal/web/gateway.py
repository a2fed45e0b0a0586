"""The door of `portal serve`: granian's RSGI interface in front of the chain and Flask.

Ready-made answers are given on the event loop; only what needs Flask goes to a thread, after its
body was read. So a slow database, a slow password or a slow client holds up neither polls nor
probes. Measured beside granian's WSGI threads: `docs/performance.md`.
"""

import asyncio
import io
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol

import structlog

from portal.guard import head
from portal.guard.chain import Chain, Passed
from portal.guard.head import Head
from portal.guard.refusal import BROKEN, OVERLOADED, Headers, Ready
from portal.lifecycle.phases import Phases

_log = structlog.get_logger()
THREADS = 16
PROBE_THREADS = 4
JUDGES = 4
MOST_WAITING = 256
MOST_PROBES = 192
MOST_PROBES_OF_ONE = 48
BODY_SECONDS = 15.0
# Bodies that are awaited at once; slow clients must not cost memory without end.
MOST_BODIES = 64
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})


class Scope(Protocol):
    """A request as RSGI has it; `path` is decoded, `client` is `address:port`."""

    http_version: str
    server: str
    client: str
    scheme: str
    method: str
    path: str
    query_string: str
    headers: Any


class TooLargeError(Exception):
    """A body grew beyond its limit."""


class Queue:
    """Requests that wait for a thread, and that have one: so many in all, and of one client."""

    def __init__(self, name: str, threads: int, most: int, most_of_one: int) -> None:
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._most, self._most_of_one = most, most_of_one
        self._of_client: Counter[str] = Counter()

    def has_room(self, client: str) -> bool:
        is_full = self._of_client.total() >= self._most
        return not is_full and self._of_client[client] < self._most_of_one

    @contextmanager
    def waiting(self, client: str) -> Iterator[None]:
        self._of_client[client] += 1
        try:
            yield
        finally:
            self._of_client[client] -= 1
            if not self._of_client[client]:
                del self._of_client[client]


class Gateway:
    """The RSGI application of one web process."""

    def __init__(self, front: Chain, phases: Phases) -> None:
        self._front = front
        self._phases = phases
        self._others = Queue("web", THREADS, MOST_WAITING, MOST_WAITING)
        # Probes and the feed have their own threads: they answer when all others are held.
        self._probes = Queue("probe", PROBE_THREADS, MOST_PROBES, MOST_PROBES_OF_ONE)
        self._judges = ThreadPoolExecutor(JUDGES, thread_name_prefix="judge")
        # The oldest first.
        self._bodies: dict[asyncio.Timeout, str] = {}

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    async def __rsgi__(self, scope: Scope, protocol: Any) -> None:
        headers, prefix, path, query = (
            scope.headers,
            self._front.prefix,
            scope.path,
            scope.query_string,
        )
        if prefix:
            path = head.below(path, prefix)
        if not query and scope.method == "GET":
            poll = self._front.polls.answer(path, scope.client, headers.get)
            if poll is not None:
                protocol.response_bytes(*poll)
                return
        asked = Head(
            scope.method,
            path,
            query,
            scope.client,
            headers.get("x-forwarded-for"),
            headers.get("content-length"),
            headers.get("origin"),
            0,
            headers.get,
        )
        if self._front.may_wait and not head.is_uncounted(path):
            # Redis is asked in a thread: polls of those who are known go on meanwhile.
            verdict = await self._loop.run_in_executor(self._judges, self._front.judge, asked)
        else:
            verdict = self._front.judge(asked)
        if type(verdict) is Ready:
            protocol.response_bytes(verdict.status, verdict.headers, verdict.body)
            return
        assert isinstance(verdict, Passed)
        answer = await self._through_flask(scope, protocol, asked, verdict)
        protocol.response_bytes(answer.status, answer.headers, answer.body)

    async def _through_flask(
        self, scope: Scope, protocol: Any, asked: Head, passed: Passed
    ) -> Ready:
        pairs = scope.headers.items()
        refuse = self._front.refuse
        closing = [("Connection", "close")]
        if sum(len(name) + len(value) for name, value in pairs) > head.MOST_HEADER_BYTES:
            return refuse(asked, 431, "The headers are larger than 32 KiB.", closing)
        is_probe = head.is_probe(asked.path)
        try:
            body = b"" if is_probe else await self._body(scope, protocol, passed.client)
        except TooLargeError:
            return refuse(asked, 413, "The body is larger than 1 MiB.", closing)
        except TimeoutError:
            detail = "The body did not arrive in time."
            return refuse(asked, 408, detail, closing)
        queue = self._probes if is_probe else self._others
        if not queue.has_room(passed.client):
            return refuse(asked, 503, OVERLOADED, [("Retry-After", "5")])
        self._phases.in_flight += not is_probe
        try:
            with queue.waiting(passed.client):
                return await self._loop.run_in_executor(
                    queue.threads, self._answer, environ(scope, asked.path, pairs, body), passed
                )
        except Exception:
            _log.exception("web.request_failed", path=asked.path)
            return refuse(asked, 500, BROKEN, [])
        finally:
            self._phases.in_flight -= not is_probe

    async def _body(self, scope: Scope, protocol: Any, client: str) -> bytes:
        if scope.method in _BODILESS and "content-length" not in scope.headers:
            return b""
        size, parts = 0, []
        async with asyncio.timeout(BODY_SECONDS) as deadline:
            if len(self._bodies) >= MOST_BODIES:
                self._give_up_one()
            self._bodies[deadline] = client
            try:
                async for part in protocol:
                    size += len(part)
                    if size > head.MOST_BODY_BYTES:
                        raise TooLargeError
                    parts.append(bytes(part))
            finally:
                self._bodies.pop(deadline, None)
        return b"".join(parts)

    def _give_up_one(self) -> None:
        """End the body that has been awaited longest, of the client who has most of them.

        An honest body follows its headers in a moment, and nobody sends many slow ones.
        """
        (client, _), *_ = Counter(self._bodies.values()).most_common(1)
        deadline = next(one for one, sender in self._bodies.items() if sender == client)
        del self._bodies[deadline]
        deadline.reschedule(self._loop.time())

    def _answer(self, request: dict[str, Any], passed: Passed) -> Ready:
        started: list[Any] = []

        def start_response(status: str, headers: Headers, *rest: Any) -> None:
            started[:] = [int(status.split(" ", 1)[0]), headers]

        answer = self._front.pass_on(request, start_response, passed)
        try:
            body = b"".join(answer)
        finally:
            if hasattr(answer, "close"):
                answer.close()
        status, headers = started
        return Ready(status, headers, body)


def environ(scope: Scope, path: str, pairs: list[tuple[str, str]], body: bytes) -> dict[str, Any]:
    """The request as WSGI has it (PEP 3333); names with an underscore are left out."""
    host, _, port = scope.server.rpartition(":")
    made: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string.encode().decode("latin-1"),
        "SERVER_NAME": host.strip("[]"),
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": _Errors(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in pairs:
        if "_" in name:
            continue  # in WSGI `X_Forwarded_For` would pass for `X-Forwarded-For`
        if name in ("content-type", "content-length"):
            made[name.upper().replace("-", "_")] = value
            continue
        key = f"HTTP_{name.upper().replace('-', '_')}"
        if key in made:
            made[key] += ("; " if name == "cookie" else ",") + value
        else:
            made[key] = value
    if body or "CONTENT_LENGTH" in made:
        made["CONTENT_LENGTH"] = str(len(body))
    made.pop("HTTP_TRANSFER_ENCODING", None)  # the body is whole by now
    return made


class _Errors(io.TextIOBase):
    def write(self, text: str) -> int:
        _log.warning("web.wsgi_errors", text=text.rstrip()[:1000])
        return len(text)
