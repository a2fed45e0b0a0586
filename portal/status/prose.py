"""Markdown from operators: rendered without HTML, then sanitised."""

import re
from functools import lru_cache
from html import unescape

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

# Between a name and what it is; some languages have a space before it.
COLON = ": "
# Titles stand at level 1 or 2; headings of a text come below them.
_HIGHEST_HEADING = 3
_TAGS = {
    "p",
    "br",
    "strong",
    "em",
    "s",
    "code",
    "pre",
    "ul",
    "ol",
    "li",
    "a",
    "blockquote",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}
_ADDRESS = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?*_~]")


def _headings(state: StateCore) -> None:
    """Give headings the levels below the page's own, without a gap."""
    found = [token for token in state.tokens if token.type.startswith("heading_")]
    ranks = sorted({token.tag for token in found})
    for token in found:
        token.tag = f"h{min(6, _HIGHEST_HEADING + ranks.index(token.tag))}"


def _bare_links(state: StateCore) -> None:
    """Make a link of each address that stands in a text as it is."""
    for block in state.tokens:
        depth, children = 0, []
        for token in block.children or ():
            depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
            children += _linked(token) if token.type == "text" and not depth else [token]
        block.children = children


def _linked(token: Token) -> list[Token]:
    parts, end = [], 0
    for match in _ADDRESS.finditer(token.content):
        address = match[0]
        # A bracket at its end is the sentence's, unless it was opened within.
        while address.endswith(")") and address.count(")") > address.count("("):
            address = address[:-1]
        parts.append(_text(token.content[end : match.start()]))
        parts.append(Token("link_open", "a", 1, attrs={"href": address}))
        parts += [_text(address), Token("link_close", "a", -1)]
        end = match.start() + len(address)
    return [*parts, _text(token.content[end:])]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


_markdown = MarkdownIt("commonmark", {"html": False, "breaks": True})
_markdown.enable(["table", "strikethrough"])
_markdown.core.ruler.push("headings", _headings)
_markdown.core.ruler.push("bare_links", _bare_links)


# A board is rebuilt at every change, and most of its texts are those of the one before.
@lru_cache(maxsize=2048)
def to_html(text: str) -> str:
    """Safe HTML of a Markdown text; links to http, https and mailto only."""
    return nh3.clean(
        _markdown.render(text),
        tags=_TAGS,
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener",
    )


def to_text(text: str) -> str:
    """What a Markdown text says, without its marks."""
    lines = re.sub(r"</(?:p|pre|blockquote|h[3-6]|tr)>|<br>", "\n", to_html(text))
    lines = re.sub(r"</t[dh]>", " ", lines)
    plain = unescape(nh3.clean(lines, tags=set()))
    return re.sub(r"\n\s*\n+", "\n\n", plain).strip()


def listed(names: list[str]) -> str:
    """`A`, `A and B`, `A, B and C`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1] if names else ""]))
