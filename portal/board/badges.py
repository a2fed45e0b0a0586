"""Badges: a state as a small picture for pages of others."""

from html import escape

from portal.board.components import ComponentView
from portal.board.indicators import NOTHING_WATCHED, PARTLY_KNOWN, Indicator
from portal.board.picture import Picture
from portal.board.site import Document, Site
from portal.monitors.health import Health
from portal.monitors.public_views import PublicMonitor
from portal.status.components import State
from portal.status.prose import COLON

KIND = "image/svg+xml"
_OF_INDICATOR = {
    Indicator.NONE: "#127a46",
    Indicator.MAINTENANCE: "#2456d6",
    Indicator.MINOR: "#8a5a00",
    Indicator.MAJOR: "#b3261e",
    Indicator.CRITICAL: "#b3261e",
}
OF_STATE = {
    State.OPERATIONAL: ("#127a46", "operational"),
    State.UNDER_MAINTENANCE: ("#2456d6", "under maintenance"),
    State.DEGRADED: ("#8a5a00", "degraded performance"),
    State.PARTIAL: ("#b3261e", "partial outage"),
    State.MAJOR: ("#b3261e", "major outage"),
}
_UNWATCHED = "#5b6470"
OF_HEALTH = {
    Health.UP: ("#127a46", "up"),
    Health.DEGRADED: ("#8a5a00", "degraded performance"),
    Health.DOWN: ("#b3261e", "down"),
    Health.UNKNOWN: (_UNWATCHED, "unknown"),
}
IN_30_DAYS = "%(share)s in 30 days"
# Of a letter in the font of a badge, about.
_LETTER = 6.6
# Of a point, and of the space before a percent sign.
_NARROW = 4.0
# Of one in a script whose letters are squares.
_SQUARE = 11.0


def badge(picture: Picture, site: Site) -> Document:
    """The state of all; the word says it, the colour only helps."""
    word = picture.description
    is_known = word not in (NOTHING_WATCHED, PARTLY_KNOWN)
    colour = _OF_INDICATOR[picture.indicator] if is_known else _UNWATCHED
    return KIND, _drawn(site, site.say("status"), site.say(word), colour)


def of_component(one: ComponentView, site: Site) -> Document:
    is_unknown = one.is_unknown and one.state is State.OPERATIONAL
    colour, word = OF_HEALTH[Health.UNKNOWN] if is_unknown else OF_STATE[one.state]
    return KIND, _drawn(site, one.name, site.say(word), colour)


def of_monitor(one: PublicMonitor, site: Site) -> Document:
    """How a monitor is, and how much of the last thirty days it was not down."""
    colour, word = OF_HEALTH[one.health]
    said = site.say(word)
    if one.uptime is not None:
        said = f"{said} · {site.say(IN_30_DAYS) % {'share': site.share(one.uptime)}}"
    return KIND, _drawn(site, one.name, said, colour)


def _width(text: str) -> int:
    return round(sum(map(_width_of, text)))


def _width_of(letter: str) -> float:
    if letter > "\u2fff":
        return _SQUARE
    return _NARROW if letter in ".·:\u202f\xa0" else _LETTER


def _drawn(site: Site, name: str, word: str, colour: str) -> bytes:
    left, right = 12 + _width(name), 16 + _width(word)
    label = escape(f"{name}{site.say(COLON)}{word}", quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img"'
        f' aria-label="{label}"><title>{label}</title>'
        f'<rect width="{left + right}" height="20" rx="4" fill="#3a434e"/>'
        f'<path d="M{left} 0h{right - 4}a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4H{left}z"'
        f' fill="{colour}"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="8" y="14">{escape(name)}</text>'
        f'<text x="{left + 8}" y="14">{escape(word)}</text></g></svg>'
    ).encode()
