"""What the chain in front of Flask asks, each part as a test tells it."""

import io
from ipaddress import ip_network
from typing import Any

from portal.board.answer import Answer
from portal.guard.blocks import Kind, Source
from portal.guard.chain import Chain, Passed
from portal.guard.head import Head
from portal.guard.inspection import Stopped
from portal.guard.limits import Decision
from portal.guard.perimeter import Denied, Held
from portal.guard.refusal import Ready
from portal.guard.waf import Inspected
from tests.instants import NOW

ANSWER = Answer(b"body", 'W/"tag"', (("Content-Type", "x"), ("ETag", 'W/"tag"')), (("ETag", "t"),))


class World:
    """What the chain asks, each as told; `log` is the order in which it asked."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.denied: Denied | None = None
        self.decision = Decision(True, 7, 30)
        self.is_leaving = False
        self.is_known_poll = False
        self.is_on = True
        self.stopped: Stopped | None = None
        self.seen: dict[str, Any] = {}
        self.limit, self.rate, self.window_seconds = 10, "10/minute", 60
        self.learned: list[tuple[str, str | None, str]] = []

    # The perimeter
    def judge(self, client: str, key: str, **asked: Any) -> Denied | None:
        self.log.append("perimeter")
        self.seen |= {"client": client, "key": key, "host": asked["host"](), **asked}
        return self.denied

    def refused(self, denied: Denied, *, client: str, route: str, now: Any) -> str:
        self.log.append("refused")
        self.seen |= {"route": route}
        return "ref"

    # Proxies that nobody declared
    def meet(self, peer: str) -> None:
        self.log.append(f"met {peer}")

    # The limit
    def hit(self, key: str, route: str, *, now: float, share: int) -> Decision:
        self.log.append("limit")
        self.seen |= {"share": share, "route": route, "now": now}
        return self.decision

    def is_near(self, decision: Decision) -> bool:
        return decision.remaining <= 5

    def poll(self, key: str, path: str, now: float) -> bool:
        return True

    # The polls of those who were let in
    state = "of the perimeter"

    def learn(self, peer: str, forwarded_for: str | None, key: str, state: object) -> None:
        self.learned.append((peer, forwarded_for, key))
        assert state is self.state

    # Polls of operators
    def passes(self, head: Head, now: float) -> bool:
        return self.is_known_poll

    # The WAF
    def check(self, request: Inspected, *, route: str) -> Stopped | None:
        self.log.append("waf")
        self.seen |= {"request": request}
        return self.stopped

    def find(self, path: str, query: str, now: Any, languages: Any) -> Answer | None:
        self.log.append("board")
        return ANSWER if path == "/" and not query else None

    def app(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        self.log.append("flask")
        self.seen |= {"environ": environ}
        start("200 OK", [("X-Frame-Options", "APP"), ("Cache-Control", "public")])
        return [b"flask"]

    def chain(self, **values: Any) -> Chain:
        return Chain(
            **{
                "app": self.app,
                "perimeter": self,
                "limits": self,
                "panels": self,
                "inspection": self,
                "session_cookie": "session",
                "probe_host": None,
                "is_leaving": lambda: self.is_leaving,
                "find": self.find,
                "trusted_proxies": (ip_network("10.0.0.0/8"),),
                "trusted_hosts": (),
                "prefix": "",
                "undeclared": self,
                "polls": self,
                "reads": lambda path, query: query,
                "static": lambda path: None,
                "page": lambda status, detail, reference: f"{detail} {reference}".encode(),
                "headers": (("X-Frame-Options", "DENY"), ("X-More", "1")),
                **values,
            }
        )


def head(path: str = "/x", method: str = "GET", **values: Any) -> Head:
    headers = values.pop("headers", {})
    return Head(
        **{
            "method": method,
            "path": path,
            "query": "",
            "peer": "192.0.2.1",
            "forwarded_for": None,
            "length": None,
            "origin": None,
            "header_bytes": 0,
            "header": headers.get,
            **values,
        }
    )


def ready(verdict: Ready | Passed) -> Ready:
    assert isinstance(verdict, Ready)
    return verdict


def passed(verdict: Ready | Passed) -> Passed:
    assert isinstance(verdict, Passed)
    return verdict


def held(kind: Kind = Kind.BAN, seconds: float = 90.0) -> Denied:
    return Denied(Held("b", NOW.timestamp() + seconds, kind, Source.MANUAL, False))


def call(one: Chain, path: str = "/x", method: str = "GET", **environ: Any) -> tuple[Any, ...]:
    """Status, headers and body as a server would have them."""
    told: list[Any] = []
    body = one(
        {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "REMOTE_ADDR": "192.0.2.1",
            "wsgi.input": io.BytesIO(b"0123456789"),
            **environ,
        },
        lambda status, headers, *_: told.extend((status, headers)),
    )
    parts = list(body)
    assert all(parts), "an empty body has no part"
    return told[0], dict(told[1]), b"".join(parts)
