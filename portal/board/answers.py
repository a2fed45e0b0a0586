"""Ready-made answers of a picture: bytes, ETag and the headers that let caches keep them."""

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from portal import clock
from portal.board.answer import Answer
from portal.board.banners import Banner
from portal.board.picture import Picture
from portal.status.terms import Audience, Channel, Status

CACHE_CONTROL = "public, max-age=5, stale-while-revalidate=30, stale-if-error=86400"
_MOST_VARIANTS = 128
# A picture that is opened by itself must run and load nothing.
_SVG = (("Content-Security-Policy", "default-src 'none'"),)


class BadQueryError(ValueError):
    """A parameter of the public API is unknown or out of range."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(f"{field}: {text}")
        self.field = field
        self.text = text


@dataclass(frozen=True)
class MaintenanceQuery:
    """The canonical parameters of `/api/runtime/maintenance`."""

    audience: Audience = Audience.PUBLIC
    channel: Channel | None = None
    window_minutes: int = 90
    include_resolved: bool = False
    limit: int = 20


MAINTENANCE = "/api/runtime/maintenance"
MAINTENANCE_PARAMETERS = frozenset(
    {"audience", "channel", "windowMinutes", "includeResolved", "limit"}
)


def parse_query(query_string: str) -> MaintenanceQuery:
    """Read a query string; BadQueryError for what is doubled or out of range.

    Parameters of other names are left aside: links and pollers are decorated by others.
    """
    try:
        pairs = parse_qsl(query_string, keep_blank_values=True, max_num_fields=50, errors="strict")
    except ValueError:
        raise BadQueryError("query", "is malformed.") from None
    pairs = [(name, value) for name, value in pairs if name in MAINTENANCE_PARAMETERS]
    given = dict(pairs)
    if len(given) != len(pairs):
        raise BadQueryError("query", "has a parameter twice.")
    channel = given.get("channel")
    return MaintenanceQuery(
        audience=_member(Audience, "audience", given.get("audience", "public")),
        channel=None if channel is None else _member(Channel, "channel", channel),
        window_minutes=_number("windowMinutes", given.get("windowMinutes", "90"), 5, 1440),
        include_resolved=_flag("includeResolved", given.get("includeResolved", "false")),
        limit=_number("limit", given.get("limit", "20"), 1, 50),
    )


def _member(kind: Any, field: str, text: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise BadQueryError(field, f"must be one of {', '.join(kind)}.") from None


def _number(field: str, text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 9 and least <= int(text) <= most):
        raise BadQueryError(field, f"must be a number from {least} to {most}.")
    return int(text)


def _flag(field: str, text: str) -> bool:
    if text not in {"true", "false"}:
        raise BadQueryError(field, "must be true or false.")
    return text == "true"


def told(banner: Banner) -> dict[str, Any]:
    """A banner as public JSON has it; who it is for stays inside."""
    return banner.model_dump(
        mode="json",
        by_alias=True,
        exclude={"message_html", "version", "series", "components", "updated_at"},
    )


def maintenance(picture: Picture, query: MaintenanceQuery) -> dict[str, Any]:
    """The body of `/api/runtime/maintenance`."""
    span = timedelta(minutes=query.window_minutes)
    now = picture.generated_at
    chosen = []
    for banner in picture.for_reader(query.audience, channel=query.channel):
        is_told = banner.status is Status.ACTIVE
        if banner.status is Status.SCHEDULED:
            is_told = banner.starts_at <= now + span
        if banner.status is Status.RESOLVED:
            is_told = query.include_resolved and (banner.over_at or now) >= now - span
        if is_told:
            chosen.append(told(banner))
    return {
        **_times(picture),
        "windowMinutes": query.window_minutes,
        "announcements": chosen[: query.limit],
        "access": query.audience.value,
    }


def status(picture: Picture, *, poll_seconds: int) -> dict[str, Any]:
    """The body of `/api/status`."""
    return {
        **_times(picture),
        "indicator": picture.indicator.value,
        "description": picture.description,
        "components": [
            {
                "slug": one.slug,
                "name": one.name,
                "group": one.group,
                "state": one.state.value,
                "uptime90": one.uptime,
            }
            for one in picture.public_components
        ],
        "incidents": [
            one.model_dump(
                mode="json",
                by_alias=True,
                exclude={
                    "audiences": True,
                    "postmortem": True,
                    "updates": {"__all__": {"message_html"}},
                },
            )
            for one in picture.open_incidents
        ],
        "windows": [
            told(one) for one in (*picture.active, *picture.coming) if one.kind == "window"
        ],
        "banners": [told(one) for one in picture.active],
        "pollSeconds": poll_seconds,
        "staleAfterSeconds": int(poll_seconds * 1.5),
    }


def _times(picture: Picture) -> dict[str, Any]:
    return {
        "generatedAt": clock.iso(picture.generated_at),
        "validUntil": clock.iso(picture.valid_until),
        "staleSince": clock.iso(picture.stale_since) if picture.stale_since else None,
    }


def cross_origin(origin: str) -> tuple[tuple[str, str], ...]:
    """The headers by which a page of another origin may read an answer and its tag."""
    if not origin:
        return ()
    return (("Access-Control-Allow-Origin", origin), ("Access-Control-Expose-Headers", "ETag"))


def preflight(origin: str) -> tuple[tuple[str, str], ...]:
    """What `OPTIONS` of a public read answers: reads, and the condition that makes them cheap."""
    if not origin:
        return ()
    return (
        *cross_origin(origin),
        ("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS"),
        ("Access-Control-Allow-Headers", "If-None-Match"),
        ("Access-Control-Max-Age", "86400"),
    )


class Answers:
    """All answers of one picture; the rarer ones are made when first asked for."""

    def __init__(
        self,
        picture: Picture,
        *,
        pages: Mapping[str, bytes],
        documents: Mapping[str, Callable[[Picture], tuple[str, bytes]]],
        poll_seconds: int,
        extra_headers: tuple[tuple[str, str], ...],
        page_headers: tuple[tuple[str, str], ...],
        cors: str,
    ) -> None:
        self.picture = picture
        self._documents = documents
        self._extra_headers = extra_headers
        self._cors = cross_origin(cors)
        self._lock = threading.Lock()
        seed = _digest(
            json.dumps(
                [str(picture.stale_since)]
                + [one.model_dump(mode="json") for one in picture.everything_public]
            ).encode()
        )
        self._seed = seed
        self._made: dict[tuple[str, str], Answer] = {
            (path, ""): self._answer(body, path, "text/html; charset=utf-8", page_headers)
            for path, body in pages.items()
        }
        self._made["/api/status", ""] = self._json(
            "/api/status", status(picture, poll_seconds=poll_seconds)
        )

    def find(self, path: str, query_string: str) -> Answer | None:
        """The answer to a public read; None when it is not ready-made here.

        Parameters that nothing reads make no other answer.
        """
        if path == MAINTENANCE and query_string:
            return self._maintenance(query_string)
        answer = self._made.get((path, ""))
        if answer is None and path == MAINTENANCE:
            return self._maintenance("")
        if answer is None and path in self._documents:
            kind, body = self._documents[path](self.picture)
            answer = self._answer(body, path, kind, _SVG if kind == "image/svg+xml" else ())
            self._made[path, ""] = answer
        return answer

    def _maintenance(self, query_string: str) -> Answer | None:
        try:
            query = parse_query(query_string)
        except BadQueryError:
            return None
        if query.audience is not Audience.PUBLIC:
            return None
        # By what was understood: however many spellings there are, the variants are few.
        name = str(query) if query_string else ""
        answer = self._made.get((MAINTENANCE, name))
        if answer is None:
            answer = self._json(f"{MAINTENANCE}?{query}", maintenance(self.picture, query))
            with self._lock:
                if len(self._made) < _MOST_VARIANTS:
                    self._made[MAINTENANCE, name] = answer
        return answer

    def _json(self, name: str, body: dict[str, Any]) -> Answer:
        data = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        return self._answer(data, name, "application/json", ())

    def _answer(
        self, body: bytes, name: str, kind: str, more: tuple[tuple[str, str], ...]
    ) -> Answer:
        # A picture taken anew with nothing changed keeps its tag, so that polls stay 304.
        etag = f'W/"{_digest(f"{self._seed} {name}".encode())}"'
        shared = (("Cache-Control", CACHE_CONTROL), *self._cors, *self._extra_headers, *more)
        return Answer.of(body, kind, etag, shared)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:20]


Publish = Callable[[Picture], Answers]
