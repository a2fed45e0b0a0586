"""Markdown from operators: rendered without HTML, then sanitised."""

import re
from functools import lru_cache
from html import unescape

import nh3
from markdown_it import MarkdownIt

_markdown = MarkdownIt("commonmark", {"html": False, "breaks": True})
_TAGS = {
    "p",
    "br",
    "strong",
    "em",
    "code",
    "pre",
    "ul",
    "ol",
    "li",
    "a",
    "blockquote",
    "h1",
    "h2",
    "h3",
    "h4",
    "hr",
}


# A board is rebuilt at every change, and most of its texts are those of the one before.
@lru_cache(maxsize=2048)
def to_html(text: str) -> str:
    """Safe HTML of a Markdown text; links to http, https and mailto only."""
    return nh3.clean(
        _markdown.render(text),
        tags=_TAGS,
        attributes={"a": {"href", "title"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener",
    )


def to_text(text: str) -> str:
    """What a Markdown text says, without its marks."""
    lines = re.sub(r"</(?:p|pre|blockquote|h[1-4])>|<br>", "\n", to_html(text))
    plain = unescape(nh3.clean(lines, tags=set()))
    return re.sub(r"\n\s*\n+", "\n\n", plain).strip()


def listed(names: list[str]) -> str:
    """`A`, `A and B`, `A, B and C`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1] if names else ""]))
