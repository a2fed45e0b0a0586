"""Feeds of what is public: Atom (RFC 4287), RSS 2.0, JSON Feed 1.1, iCalendar (RFC 5545), a badge.

All of them are made from the picture, when somebody first asks for one, and hold what the public
page holds and nothing else.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from urllib.parse import urlsplit
from xml.etree import ElementTree as xml
from zoneinfo import ZoneInfo

from portal import clock
from portal.board.banners import Banner
from portal.board.picture import NOTHING_WATCHED, Indicator, Picture
from portal.status import prose
from portal.status.terms import Audience, Status

MOST_ENTRIES = 50
_ATOM = "http://www.w3.org/2005/Atom"
# What XML 1.0 cannot hold, escaped or not.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Site:
    """Where the feeds belong to; `url` has no slash at its end and may be empty."""

    name: str
    url: str

    def id_of(self, banner: Banner) -> str:
        """A name for good, of the tag scheme (RFC 4151) where there is an address."""
        host = urlsplit(self.url).hostname
        stem = f"tag:{host},2026:" if host else "urn:portal:"
        return f"{stem}{banner.kind}:{banner.ref}"

    def link_to(self, banner: Banner) -> str:
        paths = {"incident": f"/incidents/{banner.ref}", "window": f"/maintenance/{banner.ref}"}
        return self.url + paths.get(banner.kind, "/")


@dataclass(frozen=True)
class Entry:
    """One thing to read, in all feeds alike."""

    id: str
    link: str
    title: str
    html: str
    published_at: datetime
    updated_at: datetime
    tag: str


Document = tuple[str, bytes]


def documents(site: Site) -> dict[str, Callable[[Picture], Document]]:
    """What renders each path: its content type and body."""
    return {
        "/feed.atom": lambda picture: atom(picture, site),
        "/feed.rss": lambda picture: rss(picture, site),
        # As readers of a Statuspage know them.
        "/history.atom": lambda picture: atom(picture, site),
        "/history.rss": lambda picture: rss(picture, site),
        "/feed.json": lambda picture: json_feed(picture, site),
        "/calendar.ics": lambda picture: calendar(picture, site),
        "/badge.svg": badge,
    }


def entries(picture: Picture, site: Site) -> list[Entry]:
    """What everyone may read on the web, the latest change first.

    What runs is never left out, and of windows that come again only the next two are in, so that a
    series does not push out everything else.
    """
    found = []
    running = {site.id_of(one) for one in picture.active}
    for banner in (*picture.active, *picture.coming, *picture.public(Status.RESOLVED)):
        incident = picture.incident(banner.ref) if banner.kind == "incident" else None
        html = banner.message_html
        moments = [banner.published_at or banner.starts_at]
        if incident is not None:
            html = "".join(
                f"<p><strong>{one.status.capitalize()}</strong>, {clock.iso(one.at)}</p>"
                f"{one.message_html}"
                for one in incident.updates
            )
            moments += [one.at for one in incident.updates]
        elif banner.kind == "window":
            html = f"<p>{_span(banner)}</p>{html}"
        if banner.resolved_at:
            moments.append(banner.resolved_at)
        found.append(
            Entry(
                id=site.id_of(banner),
                link=site.link_to(banner),
                title=_clean(banner.title),
                html=_clean(html),
                published_at=moments[0],
                updated_at=max(moments),
                tag=banner.severity.value,
            )
        )
    found.sort(key=lambda one: (one.id in running, one.updated_at), reverse=True)
    return sorted(found[:MOST_ENTRIES], key=lambda one: one.updated_at, reverse=True)


def atom(picture: Picture, site: Site) -> Document:
    found = entries(picture, site)
    root = xml.Element("feed", {"xmlns": _ATOM})
    host = urlsplit(site.url).hostname
    _add(root, "id", f"tag:{host},2026:status" if host else "urn:portal:status")
    _add(root, "title", _clean(site.name))
    _add(root, "updated", clock.iso(_latest(found, picture)))
    author = xml.SubElement(root, "author")
    _add(author, "name", _clean(site.name))
    if site.url:
        xml.SubElement(root, "link", {"rel": "self", "href": f"{site.url}/feed.atom"})
        xml.SubElement(root, "link", {"rel": "alternate", "href": f"{site.url}/"})
    for one in found:
        entry = xml.SubElement(root, "entry")
        _add(entry, "id", one.id)
        _add(entry, "title", one.title)
        _add(entry, "published", clock.iso(one.published_at))
        _add(entry, "updated", clock.iso(one.updated_at))
        xml.SubElement(entry, "link", {"rel": "alternate", "href": one.link})
        xml.SubElement(entry, "category", {"term": one.tag})
        _add(entry, "content", one.html, type="html")
    return "application/atom+xml; charset=utf-8", _bytes(root)


def rss(picture: Picture, site: Site) -> Document:
    found = entries(picture, site)
    root = xml.Element("rss", {"version": "2.0", "xmlns:atom": _ATOM})
    channel = xml.SubElement(root, "channel")
    _add(channel, "title", _clean(site.name))
    _add(channel, "link", f"{site.url}/")
    _add(channel, "description", _clean(picture.description))
    _add(channel, "lastBuildDate", format_datetime(_latest(found, picture)))
    if site.url:
        own = {"rel": "self", "type": "application/rss+xml", "href": f"{site.url}/feed.rss"}
        xml.SubElement(channel, "atom:link", own)
    for one in found:
        item = xml.SubElement(channel, "item")
        _add(item, "title", one.title)
        _add(item, "link", one.link)
        # Readers show an item anew when its name and its date are new: each update is one.
        name = f"{one.id}:{one.updated_at:%Y%m%dT%H%M%SZ}"
        _add(item, "guid", name, isPermaLink="false")
        _add(item, "pubDate", format_datetime(one.updated_at))
        _add(item, "category", one.tag)
        _add(item, "description", one.html)
    return "application/rss+xml; charset=utf-8", _bytes(root)


def json_feed(picture: Picture, site: Site) -> Document:
    body: dict[str, object] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": site.name,
        "items": [
            {
                "id": one.id,
                "url": one.link,
                "title": one.title,
                "content_html": one.html,
                "date_published": clock.iso(one.published_at),
                "date_modified": clock.iso(one.updated_at),
                "tags": [one.tag],
            }
            for one in entries(picture, site)
        ],
    }
    if site.url:
        body |= {"home_page_url": f"{site.url}/", "feed_url": f"{site.url}/feed.json"}
    return "application/feed+json", json.dumps(body, ensure_ascii=False).encode()


def calendar(picture: Picture, site: Site) -> Document:
    """The public windows; an event keeps its UID, raises its SEQUENCE, and is told as cancelled."""
    # It weighs on the start of every process, for a calendar that few ask for.
    import icalendar

    made = icalendar.Calendar()
    made.add("prodid", "-//Portal//Maintenance//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", _clean(site.name))
    host = urlsplit(site.url).hostname or "portal.invalid"
    windows = [
        (banner, False) for banner in picture.for_reader(Audience.PUBLIC) if banner.kind == "window"
    ] + [(banner, True) for banner in picture.cancelled if Audience.PUBLIC in banner.audiences]
    for banner, is_cancelled in sorted(windows, key=lambda pair: (pair[0].starts_at, pair[0].ref)):
        # A cancelled window keeps the end that it would have had.
        ends_at = banner.ends_at if is_cancelled else banner.over_at
        event = icalendar.Event()
        event.add("uid", f"{banner.ref}@{host}")
        # Of the last change, so that the same picture gives the same bytes.
        changed_at = banner.updated_at or banner.resolved_at or banner.published_at
        event.add("dtstamp", changed_at or banner.starts_at)
        # In UTC, which every program reads alike; of time zones each reads another part.
        event.add("dtstart", banner.starts_at.astimezone(UTC))
        event.add("dtend", (ends_at or banner.starts_at).astimezone(UTC))
        event.add("sequence", banner.version)
        event.add("summary", _clean(banner.title))
        event.add("description", _clean(_plain(banner)))
        event.add("status", "CANCELLED" if is_cancelled else "CONFIRMED")
        event.add("transp", "TRANSPARENT")
        if site.url:
            event.add("url", site.link_to(banner))
        made.add_component(event)
    return "text/calendar; charset=utf-8", made.to_ical()


_BADGE = {
    Indicator.NONE: "#127a46",
    Indicator.MAINTENANCE: "#2456d6",
    Indicator.MINOR: "#8a5a00",
    Indicator.MAJOR: "#b3261e",
    Indicator.CRITICAL: "#b3261e",
}


_UNWATCHED = "#5b6470"


def badge(picture: Picture) -> Document:
    """The state as a small picture; the word says it, the colour only helps."""
    word = picture.description
    colour = _UNWATCHED if word == NOTHING_WATCHED else _BADGE[picture.indicator]
    left, right = 52, 16 + round(len(word) * 6.6)
    label = escape(f"status: {word}", quote=True)
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img"'
        f' aria-label="{label}"><title>{label}</title>'
        f'<rect width="{left + right}" height="20" rx="4" fill="#3a434e"/>'
        f'<path d="M{left} 0h{right - 4}a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4H{left}z"'
        f' fill="{colour}"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="8" y="14">status</text><text x="{left + 8}" y="14">{escape(word)}</text>'
        "</g></svg>"
    )
    return "image/svg+xml", text.encode()


def _span(banner: Banner) -> str:
    until = f" to {clock.iso(banner.over_at)}" if banner.over_at else ""
    words = {Status.SCHEDULED: "Planned", Status.ACTIVE: "Under way", Status.RESOLVED: "Over"}
    return f"{words.get(banner.status, 'Planned')}: {clock.iso(banner.starts_at)}{until}"


def _plain(banner: Banner) -> str:
    """What a window says, without marks, and when it is on the clocks of its zone."""
    zone = ZoneInfo(banner.zone)
    begin = banner.starts_at.astimezone(zone)
    end = (banner.over_at or banner.starts_at).astimezone(zone)
    when = f"{begin:%d %b %Y, %H:%M} to {end:%d %b %Y, %H:%M} ({banner.zone})"
    return "\n\n".join(filter(None, [prose.to_text(banner.message), when]))


def _latest(found: list[Entry], picture: Picture) -> datetime:
    return found[0].updated_at if found else picture.changed_at.replace(microsecond=0)


def _clean(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _add(parent: xml.Element, name: str, text: str, **attributes: str) -> None:
    xml.SubElement(parent, name, attributes).text = text


def _bytes(root: xml.Element) -> bytes:
    text: bytes = xml.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + text
