"""Slack: blocks for an incoming webhook, in its mrkdwn.

https://docs.slack.dev/messaging/formatting-message-text
"""

from typing import Any

from portal.notify.channels.card import Card, Link
from portal.status import prose

# Of a section's text there may be 3000 characters.
_MOST = 2900
_SIGNS = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def body(card: Card) -> dict[str, Any]:
    """The whole request."""
    blocks = [_section(f"*{escaped(card.title)}*")]
    if card.facts:
        # Ten to a section at most, which as many as there are do not fill.
        blocks.append({"type": "section", "fields": [_fact(*one) for one in card.facts[:10]]})
    # Of Markdown, such as a rule or a picture alone, nothing may be left; an empty text is refused.
    if text := prose.to_text(card.text).strip():
        blocks.append(_section(escaped(text)))
    if card.code:
        blocks.append(_section(f"`{escaped(card.code)}`"))
    foot = [escaped(card.foot)] if card.foot else []
    foot += [_link(one) for one in card.links]
    blocks.append(
        {"type": "context", "elements": [_mrkdwn(" · ".join([*foot, escaped(card.site)]))]}
    )
    return {
        # What is shown where blocks are not: in a notification, on a watch.
        "text": escaped(f"[{card.site}] {card.title}"),
        "blocks": blocks,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def escaped(text: str) -> str:
    """A text in which nothing is a link, a mention or an entity, as long as it may be."""
    signs, length = list[str](), 0
    for sign in text:
        sign = _SIGNS.get(sign, sign)
        length += len(sign)
        if length > _MOST:
            return f"{''.join(signs)}…"
        signs.append(sign)
    return "".join(signs)


def _fact(label: str, text: str) -> dict[str, Any]:
    return _mrkdwn(f"*{escaped(label)}*\n{escaped(text)}")


def _link(link: Link) -> str:
    return f"<{link.url}|{escaped(link.word)}>"


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> dict[str, Any]:
    # Verbatim: names of channels and people in it are not looked for.
    return {"type": "mrkdwn", "text": text, "verbatim": True}
