"""A message as a card, which Slack and Teams each write in their own way."""

import json
from dataclasses import dataclass, replace
from typing import Self

from portal.notify.messages import Message, Render, quiet

# As much as either service shows of one message.
MOST_TEXT = 2500
MOST_FACT = 350


@dataclass(frozen=True)
class Link:
    word: str
    url: str


@dataclass(frozen=True)
class Card:
    """What is shown, from top to bottom; `text` is Markdown, a code stands by itself."""

    site: str
    title: str
    tone: str
    text: str
    facts: tuple[tuple[str, str], ...] = ()
    code: str = ""
    foot: str = ""
    links: tuple[Link, ...] = ()
    is_right_to_left: bool = False

    def with_ways(self, manage: str, end: str) -> Self:
        """The same for one subscriber: where the subscription is changed, and ended."""
        read, change, leave = self.links
        return replace(self, links=(read, replace(change, url=manage), replace(leave, url=end)))


def of(message: Message, render: Render, *, site: str, url: str, language: str = "en") -> Card:
    """A notice in a language, with places for the links that are one subscriber's own."""
    said, _ = render("card", message=message, language=language)
    word, facts, read, change, leave, colon, is_right_to_left = json.loads(said)
    return Card(
        site=site,
        title=quiet(f"{word}{colon}{message.title}" if message.title else word),
        tone=message.tone,
        text=shortened(quiet(message.text), MOST_TEXT),
        facts=tuple((label, shortened(quiet(text), MOST_FACT)) for label, text in facts),
        links=(Link(read, f"{url}{message.link}"), Link(change, ""), Link(leave, "")),
        is_right_to_left=is_right_to_left,
    )


def shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
