"""Calendars of what is planned (iCalendar, RFC 5545): all public windows, or one of them."""

from datetime import UTC
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from portal.board.banners import Banner
from portal.board.picture import Picture
from portal.board.site import Document, Site, clean
from portal.status import prose
from portal.status.terms import Audience

KIND = "text/calendar; charset=utf-8"


def whole(picture: Picture, site: Site) -> Document:
    """The public windows; an event keeps its UID, raises its SEQUENCE, and is told as cancelled."""
    windows = _windows(picture)
    return KIND, _calendar(windows, site)


def of_window(picture: Picture, site: Site, ref: str) -> Document:
    """The calendar of one window alone."""
    return KIND, _calendar([one for one in _windows(picture) if one[0].ref == ref], site)


def has_window(picture: Picture, ref: str) -> bool:
    return any(banner.ref == ref for banner, _ in _windows(picture))


def _windows(picture: Picture) -> list[tuple[Banner, bool]]:
    """The public ones, each with whether it was called off."""
    windows = [
        (banner, False) for banner in picture.for_reader(Audience.PUBLIC) if banner.kind == "window"
    ]
    return windows + [
        (banner, True) for banner in picture.cancelled if Audience.PUBLIC in banner.audiences
    ]


def _calendar(windows: list[tuple[Banner, bool]], site: Site) -> bytes:
    # It weighs on the start of every process, for a calendar that few ask for.
    import icalendar

    made = icalendar.Calendar()
    made.add("prodid", "-//Portal//Maintenance//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", clean(site.name))
    host = urlsplit(site.url).hostname or "portal.invalid"
    for banner, is_cancelled in sorted(windows, key=lambda pair: (pair[0].starts_at, pair[0].ref)):
        # A cancelled window keeps the end that it would have had.
        ends_at = banner.ends_at if is_cancelled else banner.over_at
        one = icalendar.Event()
        one.add("uid", f"{banner.ref}@{host}")
        # Of the last change, so that the same picture gives the same bytes.
        changed_at = banner.updated_at or banner.resolved_at or banner.published_at
        one.add("dtstamp", changed_at or banner.starts_at)
        # In UTC, which every program reads alike; of time zones each reads another part.
        one.add("dtstart", banner.starts_at.astimezone(UTC))
        one.add("dtend", (ends_at or banner.starts_at).astimezone(UTC))
        one.add("sequence", banner.version)
        one.add("summary", clean(banner.title))
        one.add("description", clean(_plain(banner)))
        one.add("status", "CANCELLED" if is_cancelled else "CONFIRMED")
        one.add("transp", "TRANSPARENT")
        if site.url:
            one.add("url", site.link_to(banner))
        made.add_component(one)
    text: bytes = made.to_ical()
    return text


def _plain(banner: Banner) -> str:
    """What a window says, without marks, and when it is on the clocks of its zone."""
    zone = ZoneInfo(banner.zone)
    begin = banner.starts_at.astimezone(zone)
    end = (banner.over_at or banner.starts_at).astimezone(zone)
    when = f"{begin:%d %b %Y, %H:%M} to {end:%d %b %Y, %H:%M} ({banner.zone})"
    return "\n\n".join(filter(None, [prose.to_text(banner.message), when]))
