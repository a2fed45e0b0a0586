"""The checks in front of Flask, in this order, the cheap ones before the expensive ones.

    sizes → address → perimeter → rate limit → ready-made answer, else WAF → Flask

A flood cannot buy the WAF's time, and what the perimeter refuses is not a hit of the limit.
Health and static files pass by: probes must never be refused. The order is asked by
two faces: `Chain.__call__` under any WSGI server, and `portal.web.gateway` under `portal serve`.
"""

import io
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from structlog.contextvars import bind_contextvars

from portal import clock
from portal.board.answer import PENDING, Answer
from portal.durations import spoken
from portal.guard import address
from portal.guard import head as heads
from portal.guard.address import Network
from portal.guard.head import Environ, Head, is_uncounted, of_environ, oversize, route_of
from portal.guard.inspection import Inspection
from portal.guard.limits import Limits
from portal.guard.panel_polls import PanelPolls
from portal.guard.perimeter import Denied, Perimeter
from portal.guard.polls import Polls
from portal.guard.refusal import (
    BLOCKED,
    ORIGIN,
    STOPPING,
    SUSPECT,
    TOO_MANY,
    Detail,
    Headers,
    Page,
    Ready,
    Refusals,
)
from portal.guard.undeclared import UndeclaredProxies
from portal.guard.waf import Inspected

StartResponse = Callable[..., Any]
Wsgi = Callable[[Environ, StartResponse], Iterable[bytes]]
# A path, its query, an instant, and the languages that are asked for.
Find = Callable[[str, str, datetime, str | None], Answer | None]
# A path and its query; gives the part of the query that something reads.
Reads = Callable[[str, str], str]

THROTTLED_SHARE = 10
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_PRIVATE = (("Cache-Control", "no-store"),)


@dataclass(slots=True)
class Passed:
    """Go on to Flask, and tell the limit with its answer.

    No `route` for what is neither counted nor inspected: probes, and polls of known operators.
    `denied` is for an operator on a blocked address: Flask lets in whoever is signed in.
    """

    client: str
    path: str
    route: str
    limit_headers: Headers
    denied: Denied | None = None


class Chain:
    """The order in front of `app`; `find` gives the board's ready-made answers."""

    def __init__(
        self,
        app: Wsgi,
        *,
        perimeter: Perimeter,
        limits: Limits,
        panels: PanelPolls,
        inspection: Inspection,
        session_cookie: str,
        probe_host: str | None,
        is_leaving: Callable[[], bool],
        find: Find,
        trusted_proxies: tuple[Network, ...],
        trusted_hosts: tuple[str, ...],
        prefix: str,
        undeclared: UndeclaredProxies,
        reads: Reads,
        static: Callable[[str], Answer | None],
        headers: tuple[tuple[str, str], ...],
        page: Page,
        polls: Polls,
    ) -> None:
        self._app = app
        self._perimeter, self._inspection = perimeter, inspection
        self._limits, self._panels = limits, panels
        self._probe_host, self._is_leaving = probe_host, is_leaving
        self._cookie = f"{session_cookie}="
        self._find, self._static, self._reads = find, static, reads
        self._trusted, self._hosts = trusted_proxies, trusted_hosts
        self.prefix, self.polls = prefix, polls
        self._undeclared = undeclared
        self._refusals = Refusals(page, headers)
        self._headers = [(name.lower(), (name, value)) for name, value in headers]
        self._limit_header = ("RateLimit-Limit", str(limits.limit))

    @property
    def may_wait(self) -> bool:
        """Whether a verdict may wait for the network: for the storage of the limits."""
        return self._limits.is_remote

    def judge(self, head: Head) -> Ready | Passed:
        """Everything that can be said of a request before its body is read."""
        too_large = oversize(head)
        if too_large:
            return self.refuse(head, *too_large, [("Connection", "close")])
        path, method = head.path, head.method
        client = address.client(head.peer, head.forwarded_for, self._trusted)
        if is_uncounted(path):
            kept = self._static(path) if method in ("GET", "HEAD") else None
            return self._ready(head, kept, []) if kept else Passed(client, path, "", [])
        if self._hosts and not heads.is_trusted_host(head.header("host") or "", self._hosts):
            return self.refuse(head, 400, "The portal does not answer by this host name.", [])
        if head.forwarded_for and not address.is_within(head.peer, self._trusted):
            self._undeclared.meet(head.peer)
        now, key, state = clock.now(), address.key_of(client), self._perimeter.state
        denied = self._perimeter.judge(
            client,
            key,
            origin=head.origin,
            host=lambda: head.header("host") or "",
            path=path,
            method=method,
            now=now,
        )
        share = 1
        answer = None
        # Nothing is looked up, or made, for who is turned away whatever it is.
        if method in ("GET", "HEAD") and (denied is None or denied.leaves_reads):
            answer = self._find(path, head.query, now, head.header("accept-language"))
        if denied is not None:
            if denied.held is not None and denied.held.leaves_a_trickle(
                path, is_ready=answer is not None
            ):
                denied, share = None, THROTTLED_SHARE
            elif not (denied.held and self._may_be_operator(head)):
                return self._turn_away(denied, head, client=client)
        if answer is None and share == 1 and self._panels.passes(head, now.timestamp()):
            return Passed(client, path, "", [], denied)
        route = f"{method} {path}" if answer else route_of(method, path)
        decision = self._limits.hit(key, route, now=now.timestamp(), share=share)
        limit_headers = [self._limit_header, *decision.headers]
        if not decision.is_allowed:
            seconds = max(1, decision.reset_seconds)
            limit_headers.append(("Retry-After", str(seconds)))
            figures = {
                "limit": self._limits.limit,
                "window": self._limits.window_seconds,
                "seconds": seconds,
            }
            return self.refuse(head, 429, Detail(TOO_MANY, figures), limit_headers)
        if method not in _READS and self._is_leaving():
            return self.refuse(head, 503, STOPPING, [*limit_headers, ("Retry-After", "30")])
        if answer is None or answer is PENDING:
            return Passed(client, path, route, limit_headers, denied)
        if share == 1 and denied is None:
            self.polls.learn(head.peer, head.forwarded_for, key, state)
        # An answer that caches share with others says nothing of one client's limit without need.
        return self._ready(head, answer, limit_headers if self._limits.is_near(decision) else [])

    def _ready(self, head: Head, answer: Answer, more: Headers) -> Ready:
        status, headers, body = answer.reply(head.header)
        return Ready(status, [*headers, *more], b"" if head.method == "HEAD" else body)

    def _turn_away(self, denied: Denied, head: Head, *, client: str) -> Ready:
        """The perimeter's answer, counted."""
        now = clock.now()
        reference = self._perimeter.refused(
            denied, client=client, route=route_of(head.method, head.path), now=now
        )
        seconds = denied.retry_after(now.timestamp())
        if seconds is None:
            return self.refuse(head, 403, ORIGIN, [("Vary", "Origin")], reference)
        detail = Detail(BLOCKED, {"length": spoken(seconds)})
        more = [("Retry-After", str(seconds)), ("Connection", "close")]
        return self.refuse(head, 403, detail, more, reference)

    def _may_be_operator(self, head: Head) -> bool:
        return head.path.startswith("/panel") and self._cookie in (head.header("cookie") or "")

    def refuse(
        self, head: Head, status: int, detail: str | Detail, more: Headers, reference: str = ""
    ) -> Ready:
        """A problem answer, or a page for a person's browser."""
        return self._refusals.make(head, status, detail, more, reference)

    def pass_on(
        self, environ: Environ, start_response: StartResponse, passed: Passed
    ) -> Iterable[bytes]:
        """What comes after `judge` let a request through."""
        environ["portal.client"] = passed.client
        # Threads serve one request after the other; each begins with its own name.
        identity = self._identity(environ)
        bind_contextvars(request_id=identity)
        environ["portal.request_id"] = identity
        limit_headers = [*passed.limit_headers, ("X-Request-Id", identity)]
        if self._probe_host and is_uncounted(passed.path):
            # Probes and scrapers come by address; nothing is built from their Host.
            environ["HTTP_HOST"] = self._probe_host
        if passed.denied is not None:
            environ["portal.denied"] = passed.denied
        if passed.route and self._inspection.is_on:
            stopped = self._inspection.check(self._inspected(environ, passed), route=passed.route)
            # Flask refuses a method that nothing takes, and names those that this address takes.
            if stopped is not None and stopped.status != HTTPStatus.METHOD_NOT_ALLOWED:
                ready = self.refuse(
                    of_environ(environ), stopped.status, SUSPECT, limit_headers, stopped.reference
                )
                start_response(f"{ready.status} {HTTPStatus(ready.status).phrase}", ready.headers)
                return (ready.body,) if ready.body else ()
        private = _PRIVATE if passed.path.startswith(("/panel", "/api/admin")) else ()

        def start(status: str, headers: Headers, *rest: Any) -> Any:
            # What the app says itself stands; secrets must never be kept by a cache.
            named = {name.lower() for name, _ in headers}
            if private:
                headers = [one for one in headers if one[0].lower() != "cache-control"]
            more = [one for name, one in self._headers if name not in named]
            return start_response(status, [*headers, *private, *more, *limit_headers], *rest)

        if environ["REQUEST_METHOD"] != "HEAD":
            return self._app(environ, start)
        answer = self._app(heads.as_get(environ), start)
        close = getattr(answer, "close", None)
        if close is not None:
            close()
        return ()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if self.prefix:
            environ["PATH_INFO"] = heads.below(environ["PATH_INFO"], self.prefix)
        verdict = self.judge(of_environ(environ))
        if isinstance(verdict, Passed):
            return self.pass_on(environ, start_response, verdict)
        start_response(f"{verdict.status} {HTTPStatus(verdict.status).phrase}", verdict.headers)
        return (verdict.body,) if verdict.body else ()

    def _identity(self, environ: Environ) -> str:
        """What a request is called in the logs: as a proxy of ours names it, else by us."""
        named: str = environ.get("HTTP_X_REQUEST_ID", "")
        if named and _REQUEST_ID.fullmatch(named):
            if address.is_within(environ.get("REMOTE_ADDR", ""), self._trusted):
                return named
        return secrets.token_hex(8)

    def _inspected(self, environ: Environ, passed: Passed) -> Inspected:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = b""
        if length:
            body = environ["wsgi.input"].read(length)
            environ["wsgi.input"] = io.BytesIO(body)
        headers = tuple(
            (name[5:].replace("_", "-").lower(), value)
            for name, value in environ.items()
            if name.startswith("HTTP_")
        )
        if environ.get("CONTENT_TYPE"):
            headers += (("content-type", environ["CONTENT_TYPE"]),)
        if length:
            headers += (("content-length", str(length)),)
        return Inspected(
            method=environ["REQUEST_METHOD"],
            path=environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"),
            # Nothing reads the other parameters, so nothing in them can do harm.
            query=self._reads(passed.path, environ["QUERY_STRING"]),
            headers=headers,
            body=body,
            address=passed.client,
            # A claim counts only where it is checked and operators' words may stand in a query;
            # elsewhere a made-up cookie would be a way around the rules.
            is_anonymous=not (
                passed.path.startswith(("/panel", "/api/admin"))
                and (
                    "HTTP_AUTHORIZATION" in environ
                    or self._cookie in environ.get("HTTP_COOKIE", "")
                )
            ),
        )
