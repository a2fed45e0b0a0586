"""Values of how the public pages look: a folder, a colour, links."""

import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from portal.settings import values

# The lightest ground that links stand on, and the darkest, as `static/css/base.css` has them.
_LIGHT, _DARK = "#f6f7f9", "#1b212a"
# Of text that is no heading (WCAG 2.2, 1.4.3); on dark a little more, as light text on dark glares.
_LEAST, _LEAST_ON_DARK = 4.5, 6.0


class Link(NamedTuple):
    word: str
    address: str


class Accent(NamedTuple):
    """The colour of links and of the one primary button, on light and on dark."""

    light: str
    dark: str


def folder(raw: str) -> Path | None:
    path = Path(raw)
    if raw and not path.is_dir():
        raise ValueError("must be a folder")
    return path if raw else None


def links(raw: str) -> tuple[Link, ...]:
    """`Support=https://example.com/support,Imprint=/imprint`."""
    found = []
    for part in values.listed(raw):
        word, _, address = (text.strip() for text in part.partition("="))
        is_own = address.startswith("/") and not address.startswith("//")
        if not word or not (is_own or urlsplit(address).scheme in {"http", "https", "mailto"}):
            raise ValueError("must be such as Support=https://example.com/support")
        found.append(Link(word, address))
    return tuple(found)


def contact(raw: str) -> str:
    if raw and urlsplit(raw).scheme not in {"mailto", "https"}:
        raise ValueError("must begin with mailto: or https://")
    return raw


def accent(raw: str) -> Accent | None:
    """A colour that can be read on light; the one for dark is as much lighter as it must be."""
    if not raw:
        return None
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", raw):
        raise ValueError("must be a colour such as #2456d6")
    found = contrast(raw, _LIGHT)
    if found < _LEAST:
        raise ValueError(
            f"has a contrast of {found:.1f} to 1 on the page, and {_LEAST} is the least for text;"
            " take a darker one"
        )
    return Accent(raw, next(one for one in _lighter(raw) if contrast(one, _DARK) >= _LEAST_ON_DARK))


def contrast(one: str, other: str) -> float:
    """From 1 to 21 (WCAG 2.2)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in _channels(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _channels(colour: str) -> list[int]:
    return [int(colour[start : start + 2], 16) for start in (1, 3, 5)]


def _lighter(colour: str) -> list[str]:
    """From a colour to white, in steps."""
    return [
        "#" + "".join(f"{round(part + (255 - part) * step / 20):02x}" for part in _channels(colour))
        for step in range(21)
    ]
