"""Feeds of what is public: Atom (RFC 4287), RSS 2.0, JSON Feed 1.1.

All of them are made from the picture, when somebody first asks for one, and hold what the public
page holds and nothing else.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import urlsplit
from xml.etree import ElementTree as xml

from portal import clock
from portal.board import badges, calendars
from portal.board.banners import Banner
from portal.board.picture import Picture
from portal.board.site import Document, Site, clean
from portal.status.prose import COLON
from portal.status.terms import Status

MOST_ENTRIES = 50
_ATOM = "http://www.w3.org/2005/Atom"


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


def documents(site: Site) -> dict[str, Callable[[Picture], Document]]:
    """What renders each path: its content type and body."""
    return {
        "/feed.atom": lambda picture: atom(picture, site),
        "/feed.rss": lambda picture: rss(picture, site),
        # As readers of a Statuspage know them.
        "/history.atom": lambda picture: atom(picture, site),
        "/history.rss": lambda picture: rss(picture, site),
        "/feed.json": lambda picture: json_feed(picture, site),
        "/calendar.ics": lambda picture: calendars.whole(picture, site),
        "/badge.svg": lambda picture: badges.badge(picture, site),
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
                f"<p><strong>{site.say(one.status.capitalize())}</strong>, {clock.iso(one.at)}</p>"
                f"{one.message_html}"
                for one in incident.updates
            )
            moments += [one.at for one in incident.updates]
        elif banner.kind == "window":
            html = f"<p>{_span(banner, site)}</p>{html}"
        if banner.resolved_at:
            moments.append(banner.resolved_at)
        found.append(
            Entry(
                id=site.id_of(banner),
                link=site.link_to(banner),
                title=clean(banner.title),
                html=clean(html),
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
    _add(root, "title", clean(site.name))
    _add(root, "updated", clock.iso(_latest(found, picture)))
    author = xml.SubElement(root, "author")
    _add(author, "name", clean(site.name))
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
    _add(channel, "title", clean(site.name))
    _add(channel, "link", f"{site.url}/")
    _add(channel, "description", clean(site.say(picture.description)))
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


SPANS = {Status.SCHEDULED: "Planned", Status.ACTIVE: "In progress", Status.RESOLVED: "Completed"}


def _span(banner: Banner, site: Site) -> str:
    until = f" – {clock.iso(banner.over_at)}" if banner.over_at else ""
    word = site.say(SPANS.get(banner.status, "Planned"))
    return f"{word}{site.say(COLON)}{clock.iso(banner.starts_at)}{until}"


def _latest(found: list[Entry], picture: Picture) -> datetime:
    return found[0].updated_at if found else picture.changed_at.replace(microsecond=0)


def _add(parent: xml.Element, name: str, text: str, **attributes: str) -> None:
    xml.SubElement(parent, name, attributes).text = text


def _bytes(root: xml.Element) -> bytes:
    text: bytes = xml.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + text
