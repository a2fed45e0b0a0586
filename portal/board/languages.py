"""The languages that the public is spoken to in, and which of them a reader gets.

A reader chooses by `?lang=de`, or else by what the browser asks for (RFC 9110, 12.5.4). What is for
machines alone, and what holds nothing but operators' own words, is in one language.
"""

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl

# As their speakers write them; the first is that of whoever asks for none of them.
NAMES = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "ja": "日本語",
    "ar": "العربية",
}
DEFAULT = "en"
RIGHT_TO_LEFT = frozenset({"ar"})
PARAMETER = "lang"
# A browser's wish is short; whatever is longer is no browser's.
_MOST_ASKED = 300
_LINKS = re.compile(
    r'(\s(?:href|action|hx-get)="/(?!static/|api/|panel|feed\.|calendar\.)[^"?#]*)(\?[^"#]*)?'
)


class Choice(NamedTuple):
    """A language, and whether the reader chose it in the address, so that links keep it."""

    language: str = DEFAULT
    is_explicit: bool = False

    @property
    def variant(self) -> str:
        """What tells its answers apart; empty for the one that is made ahead."""
        if self == DEFAULT_CHOICE:
            return ""
        return f"{self.language}!" if self.is_explicit else self.language


DEFAULT_CHOICE = Choice()


def choose(query_string: str, accept: str | None) -> Choice:
    """What a reader gets by the query and by `Accept-Language`."""
    if f"{PARAMETER}=" in query_string:
        wanted = dict(parse_qsl(query_string[:_MOST_ASKED])).get(PARAMETER)
        if wanted in NAMES:
            return Choice(wanted, is_explicit=True)
    return Choice(_asked(accept[:_MOST_ASKED])) if accept else DEFAULT_CHOICE


@lru_cache(maxsize=1024)
def _asked(accept: str) -> str:
    """By the header, cut: strangers send it, and what they send is kept here."""
    best, weight = DEFAULT, 0.0
    for part in accept.lower().split(","):
        name, _, parameters = part.strip().partition(";")
        language = name.split("-", 1)[0]
        found = _weight(parameters)
        if language in NAMES and found > weight:
            best, weight = language, found
    return best


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0


def is_spoken(path: str) -> bool:
    """Whether an answer holds words of the portal for people."""
    return not path.startswith("/api/") and not path.endswith(".ics")


def links(html: str, choice: Choice) -> str:
    """A page whose own links keep the language that its reader chose."""
    if not choice.is_explicit:
        return html
    given = f"{PARAMETER}={choice.language}"

    def kept(match: re.Match[str]) -> str:
        query = match[2]
        if query and query.startswith(f"?{PARAMETER}="):
            return match[0]
        return f"{match[1]}{query}&amp;{given}" if query else f"{match[1]}?{given}"

    return _LINKS.sub(kept, html)
