"""What stands in front of Flask, in this order, the cheap before the dear.

    sizes → address → rate limit → ready-made answer, else Flask

Health and static files pass by uncounted: probes must never be refused. The order is asked by
two faces: `Chain.__call__` under any WSGI server, and `portal.web.gateway` under `portal serve`.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from portal import clock
from portal.board.answers import Answer
from portal.guard import address
from portal.guard.address import Network
from portal.guard.limits import Decision, Limits

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Wsgi = Callable[[Environ, StartResponse], Iterable[bytes]]
Find = Callable[[str, str, datetime], Answer | None]
Headers = list[tuple[str, str]]

MOST_BODY_BYTES = 1024 * 1024
MOST_URL_BYTES = 8 * 1024
MOST_HEADER_BYTES = 32 * 1024
_PRIVATE = (("Cache-Control", "no-store"),)
_UNCOUNTED = ("/health", "/static/")


@dataclass(slots=True)
class Head:
    """What the chain reads of a request; `peer` is the address of the connection.

    `header_bytes` is names and values together, 0 where the server has bounded them already.
    """

    method: str
    path: str
    query: str
    peer: str
    forwarded_for: str | None
    if_none_match: str | None
    length: str | None
    header_bytes: int


@dataclass(slots=True)
class Ready:
    """An answer that needs no Flask; `body` is empty for HEAD and 304."""

    status: int
    headers: Headers
    body: bytes


@dataclass(slots=True)
class Passed:
    """Go on to Flask, and tell the limit with its answer."""

    client: str
    path: str
    told: Headers


class Chain:
    """The order in front of `app`; `find` gives the board's ready-made answers."""

    def __init__(
        self,
        app: Wsgi,
        *,
        limits: Limits,
        find: Find,
        trusted_proxies: tuple[Network, ...],
        headers: tuple[tuple[str, str], ...],
    ) -> None:
        self._app = app
        self._limits = limits
        self._find = find
        self._trusted = trusted_proxies
        self._headers = [(name.lower(), (name, value)) for name, value in headers]
        self._limit_header = ("RateLimit-Limit", str(limits.limit))

    def judge(self, head: Head) -> Ready | Passed:
        """Everything that can be said of a request before its body is read."""
        oversize = _oversize(head)
        if oversize:
            return self.refuse(head.method, *oversize, [("Connection", "close")])
        path, method = head.path, head.method
        client = address.client(head.peer, head.forwarded_for, self._trusted)
        if path.startswith(_UNCOUNTED):
            return Passed(client, path, [])
        now = clock.now()
        answer = None
        if method == "GET" or method == "HEAD":
            answer = self._find(path, head.query, now)
        # Routes of a key are told apart by their first two steps: enough to see, and bounded.
        route = path if answer else "/".join(path.split("/", 3)[:3])[:60]
        decision = self._limits.hit(
            address.key_of(client), f"{method} {route}", now=now.timestamp()
        )
        told = self._told(decision)
        if not decision.is_allowed:
            seconds = max(1, decision.reset_seconds)
            told.append(("Retry-After", str(seconds)))
            detail = f"More than {self._limits.rate} requests. Try again in {seconds} seconds."
            return self.refuse(method, 429, detail, told)
        if answer is None:
            return Passed(client, path, told)
        if head.if_none_match and answer.etag in head.if_none_match:
            return Ready(304, [*answer.headers_304, *told], b"")
        return Ready(200, [*answer.headers, *told], b"" if method == "HEAD" else answer.body)

    def refuse(self, method: str, status: int, detail: str, more: Headers) -> Ready:
        """A problem answer, in the one shape."""
        title = HTTPStatus(status).phrase
        body = json.dumps(
            {"type": "about:blank", "title": title, "status": status, "detail": detail}
        ).encode()
        headers = [
            ("Content-Type", "application/problem+json"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            *(one for _, one in self._headers),
            *more,
        ]
        return Ready(status, headers, b"" if method == "HEAD" else body)

    def pass_on(
        self, environ: Environ, start_response: StartResponse, passed: Passed
    ) -> Iterable[bytes]:
        """What comes after `judge` let a request through."""
        environ["portal.client"] = passed.client
        private = _PRIVATE if passed.path.startswith(("/panel", "/api/admin")) else ()

        def start(status: str, headers: Headers, *rest: Any) -> Any:
            # What the app says itself stands; secrets must never be kept by a cache.
            named = {name.lower() for name, _ in headers}
            if private:
                headers = [one for one in headers if one[0].lower() != "cache-control"]
            more = [one for name, one in self._headers if name not in named]
            return start_response(status, [*headers, *private, *more, *passed.told], *rest)

        return self._app(environ, start)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        verdict = self.judge(_head(environ))
        if isinstance(verdict, Passed):
            return self.pass_on(environ, start_response, verdict)
        start_response(f"{verdict.status} {HTTPStatus(verdict.status).phrase}", verdict.headers)
        return (verdict.body,) if verdict.body else ()

    def _told(self, decision: Decision) -> Headers:
        return [
            self._limit_header,
            ("RateLimit-Remaining", str(decision.remaining)),
            ("RateLimit-Reset", str(decision.reset_seconds)),
        ]


def _head(environ: Environ) -> Head:
    size = 0
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            size += len(name) + len(value)
    return Head(
        environ["REQUEST_METHOD"],
        environ["PATH_INFO"],
        environ["QUERY_STRING"],
        environ.get("REMOTE_ADDR", ""),
        environ.get("HTTP_X_FORWARDED_FOR"),
        environ.get("HTTP_IF_NONE_MATCH"),
        environ.get("CONTENT_LENGTH"),
        size,
    )


def _oversize(head: Head) -> tuple[int, str] | None:
    length = head.length
    if length:
        if not (length.isascii() and length.isdigit()):
            return 400, "Content-Length is not a number."
        if len(length) > 12 or int(length) > MOST_BODY_BYTES:
            return 413, "A body has 1 MiB at most."
    path, query = head.path, head.query
    if len(path) + len(query) > MOST_URL_BYTES // 12:
        if len(quote(path)) + len(query) > MOST_URL_BYTES:
            return 414, "An address has 8 KiB at most."
    if head.header_bytes > MOST_HEADER_BYTES:
        return 431, "Headers have 32 KiB at most."
    return None
