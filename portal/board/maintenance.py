"""`/api/runtime/maintenance`: its parameters, its body, and until when that stays as it is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from portal import clock
from portal.board import instants
from portal.board.banners import Banner
from portal.board.picture import Picture
from portal.status.terms import Audience, Channel, Status

PATH = "/api/runtime/maintenance"
PARAMETERS = frozenset({"audience", "channel", "windowMinutes", "includeResolved", "limit"})
_NEAR_MINUTES = instants.NEAR // timedelta(minutes=1)
# What ends at this instant is told at it, and not after it.
_TICK = timedelta(microseconds=1)


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
    window_minutes: int = _NEAR_MINUTES
    include_resolved: bool = False
    limit: int = 20


def parse_query(query_string: str) -> MaintenanceQuery:
    """Read a query string; BadQueryError for what is doubled or out of range.

    Parameters of other names are left aside: links and pollers are decorated by others.
    """
    try:
        pairs = parse_qsl(query_string, keep_blank_values=True, max_num_fields=50, errors="strict")
    except ValueError:
        raise BadQueryError("query", "is malformed.") from None
    pairs = [(name, value) for name, value in pairs if name in PARAMETERS]
    given = dict(pairs)
    if len(given) != len(pairs):
        raise BadQueryError("query", "has a parameter twice.")
    channel = given.get("channel")
    return MaintenanceQuery(
        audience=_member(Audience, "audience", given.get("audience", "public")),
        channel=None if channel is None else _member(Channel, "channel", channel),
        window_minutes=_number(
            "windowMinutes", given.get("windowMinutes", str(_NEAR_MINUTES)), 5, 1440
        ),
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


def body(
    picture: Picture, query: MaintenanceQuery, *, now: datetime | None = None
) -> tuple[dict[str, Any], datetime]:
    """What is answered at an instant of the picture's time, and until when that is so."""
    span, now = timedelta(minutes=query.window_minutes), now or picture.now
    chosen, until = [], picture.valid_for(query.audience)
    for banner in picture.for_reader(query.audience, channel=query.channel):
        is_told, turns_at = _is_told(banner, query, span=span, now=now)
        if turns_at is not None and turns_at > now:
            until = min(until, turns_at)
        if is_told:
            chosen.append(told(banner))
    answer = {
        **times(picture, until),
        "windowMinutes": query.window_minutes,
        "announcements": chosen[: query.limit],
        "access": query.audience.value,
    }
    return answer, until


def _is_told(
    banner: Banner, query: MaintenanceQuery, *, span: timedelta, now: datetime
) -> tuple[bool, datetime | None]:
    """Whether a banner is in the answer, and when that changes while its status does not."""
    if banner.status is Status.SCHEDULED:
        return banner.starts_at <= now + span, banner.starts_at - span
    if banner.status is Status.RESOLVED:
        if not query.include_resolved:
            return False, None
        gone_at = (banner.over_at or now) + span + _TICK
        return now < gone_at, gone_at if banner.over_at else None
    return True, None


def times(picture: Picture, valid_until: datetime) -> dict[str, Any]:
    """When it was read, until when it is so if nobody changes it, and whether it is confirmed."""
    return {
        "generatedAt": clock.iso(picture.generated_at),
        "validUntil": clock.iso(valid_until),
        "staleSince": clock.iso(picture.stale_since) if picture.stale_since else None,
    }
