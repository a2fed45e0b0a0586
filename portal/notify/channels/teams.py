"""Teams: a message with an Adaptive Card, as its workflows take it.

https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
"""

import re
from typing import Any

from portal.notify.channels.card import Card

_COLOURS = {"ok": "Good", "info": "Accent", "warn": "Warning", "bad": "Attention"}
_MARKS = re.compile(r"[\\`*_\[\]~<>#|]")
_LIST = re.compile(r"^(\s*)([-+]|\d+(?=[.)]))", re.MULTILINE)


def body(card: Card) -> dict[str, Any]:
    """The whole request."""
    blocks: list[dict[str, Any]] = [
        _text(escaped(card.site), isSubtle=True, size="Small"),
        _text(
            escaped(card.title),
            weight="Bolder",
            size="Medium",
            color=_COLOURS.get(card.tone, "Default"),
        ),
    ]
    if card.facts:
        facts = [{"title": escaped(label), "value": escaped(text)} for label, text in card.facts]
        blocks.append({"type": "FactSet", "facts": facts})
    if card.text:
        # Operators write Markdown, and a card shows it.
        blocks.append(_text(card.text))
    if card.code:
        blocks.append(_text(card.code, fontType="Monospace", size="ExtraLarge"))
    if card.foot:
        blocks.append(_text(escaped(card.foot), isSubtle=True))
    content: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.5",
        "body": blocks,
        "actions": [
            {"type": "Action.OpenUrl", "title": one.word, "url": one.url} for one in card.links
        ],
    }
    if card.is_right_to_left:
        content["rtl"] = True
    kind = "application/vnd.microsoft.card.adaptive"
    attachment = {"contentType": kind, "contentUrl": None, "content": content}
    return {"type": "message", "attachments": [attachment]}


def escaped(text: str) -> str:
    """A text in which nothing is Markdown."""
    return _LIST.sub(r"\1\\\2", _MARKS.sub(r"\\\g<0>", text))


def _text(text: str, **how: Any) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text, "wrap": True, **how}
