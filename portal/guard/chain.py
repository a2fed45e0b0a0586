"""What stands in front of Flask, in this order, the cheap before the dear.

    sizes → address → rate limit → ready-made answer, else Flask

Health and static files pass by uncounted: probes must never be refused.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from portal.board.answers import Answer
from portal.guard import address
from portal.guard.address import Network
from portal.guard.limits import Decision, Limits

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Wsgi = Callable[[Environ, StartResponse], Iterable[bytes]]
Find = Callable[[str, str], Answer | None]
Headers = list[tuple[str, str]]

MOST_BODY_BYTES = 1024 * 1024
MOST_URL_BYTES = 8 * 1024
MOST_HEADER_BYTES = 32 * 1024
_UNCOUNTED = ("/health", "/static/")


class Chain:
    """WSGI middleware; `find` gives the board's ready-made answers."""

    def __init__(
        self,
        app: Wsgi,
        *,
        limits: Limits,
        find: Find,
        trusted_proxies: Iterable[Network],
        headers: tuple[tuple[str, str], ...],
    ) -> None:
        self._app = app
        self._limits = limits
        self._find = find
        self._trusted = tuple(trusted_proxies)
        self._headers = headers

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        refusal = _oversize(environ)
        if refusal:
            return self._refuse(environ, start_response, *refusal, [("Connection", "close")])
        client = address.client(
            environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR"), self._trusted
        )
        environ["portal.client"] = client
        if path.startswith(_UNCOUNTED):
            return self._app(environ, start_response)
        method = environ["REQUEST_METHOD"]
        is_read = method in ("GET", "HEAD")
        answer = self._find(path, environ["QUERY_STRING"]) if is_read else None
        # Routes of a key are told apart by their first two steps: enough to see, and bounded.
        route = path if answer else "/".join(path.split("/", 3)[:3])[:60]
        decision = self._limits.hit(address.key_of(client), f"{method} {route}")
        told = self._told(decision)
        if not decision.is_allowed:
            told.append(("Retry-After", str(max(1, decision.reset_seconds))))
            return self._refuse(
                environ, start_response, 429, "Too Many Requests",
                f"More than {self._limits.rate} requests. Try again in"
                f" {max(1, decision.reset_seconds)} seconds.", told,
            )  # fmt: skip
        if answer is None:
            return self._app(environ, _adding(start_response, told))
        if answer.etag in environ.get("HTTP_IF_NONE_MATCH", ""):
            start_response("304 Not Modified", [*answer.headers_304, *told])
            return ()
        start_response("200 OK", [*answer.headers, *told])
        return () if method == "HEAD" else (answer.body,)

    def _told(self, decision: Decision) -> Headers:
        return [
            ("RateLimit-Limit", str(self._limits.limit)),
            ("RateLimit-Remaining", str(decision.remaining)),
            ("RateLimit-Reset", str(decision.reset_seconds)),
        ]

    def _refuse(
        self,
        environ: Environ,
        start_response: StartResponse,
        status: int,
        title: str,
        detail: str,
        more: Headers,
    ) -> Iterable[bytes]:
        body = json.dumps(
            {"type": "about:blank", "title": title, "status": status, "detail": detail}
        ).encode()
        start_response(
            f"{status} {title}",
            [
                ("Content-Type", "application/problem+json"),
                ("Content-Length", str(len(body))),
                ("Cache-Control", "no-store"),
                *self._headers,
                *more,
            ],
        )
        return () if environ["REQUEST_METHOD"] == "HEAD" else (body,)


def _oversize(environ: Environ) -> tuple[int, str, str] | None:
    length = environ.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit()):
        return 400, "Bad Request", "Content-Length is not a number."
    if len(length) > 12 or int(length) > MOST_BODY_BYTES:
        return 413, "Content Too Large", "A body has 1 MiB at most."
    path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
    if len(path) + len(query) > MOST_URL_BYTES // 3:
        if len(quote(path, encoding="latin-1")) + len(query) > MOST_URL_BYTES:
            return 414, "URI Too Long", "An address has 8 KiB at most."
    # No cheaper way to bound the sum: WSGI has taken the headers apart already.
    size = 0
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            size += len(name) + len(value)
    if size > MOST_HEADER_BYTES:
        return 431, "Request Header Fields Too Large", "Headers have 32 KiB at most."
    return None


def _adding(start_response: StartResponse, more: Headers) -> StartResponse:
    def start(status: str, headers: Headers, *rest: Any) -> Any:
        return start_response(status, [*headers, *more], *rest)

    return start
