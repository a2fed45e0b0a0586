"""Operators' texts in the public's other languages, as operators give them.

What they write is untagged; of it a reader gets, part by part, the translation into the language
that is spoken, or else the original.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from portal.schemas import Camel
from portal.status.terms import Message, Title

Part = Literal["title", "message"]
# As rows and views hold them: what there is, and nothing that is empty.
Texts = dict[str, dict[str, str]]


class Language(StrEnum):
    """Those of `portal.board.languages` but for the one that is made from."""

    DE = "de"
    FR = "fr"
    ES = "es"
    JA = "ja"
    AR = "ar"


# As the panel, which is in English, calls them.
NAMES: dict[str, str] = {
    Language.DE: "German",
    Language.FR: "French",
    Language.ES: "Spanish",
    Language.JA: "Japanese",
    Language.AR: "Arabic",
}


class TranslatedTitle(Camel):
    title: Title | None = None


class TranslatedMessage(Camel):
    message: Annotated[Message, Field(min_length=1)] | None = None


class Translation(TranslatedTitle, TranslatedMessage):
    """What is left out is told as it was written."""


Shown = dict[Language, dict[Part, str]]
Given = Mapping[Language, TranslatedTitle | TranslatedMessage]
_KEEPS = "By language. Left out or null: those that are there stay. {}: there are none any more."

Translations = Annotated[dict[Language, Translation] | None, Field(description=_KEEPS)]
TranslatedTitles = Annotated[dict[Language, TranslatedTitle] | None, Field(description=_KEEPS)]
TranslatedMessages = Annotated[
    dict[Language, TranslatedMessage], Field(description="Of the message, by language.")
]


def stored(given: Given | None, kept: Texts | None = None) -> Texts:
    """As a row holds them; those of before where none were given."""
    if given is None:
        return kept or {}
    found = {language.value: one.model_dump(exclude_none=True) for language, one in given.items()}
    return {language: parts for language, parts in found.items() if parts}


def only(part: Part, texts: Mapping[str, Mapping[str, str]] | None) -> Texts:
    """Of several parts the one, where there is a translation of it."""
    found = {language: parts.get(part) for language, parts in (texts or {}).items()}
    return {language: {part: text} for language, text in found.items() if text}


def joined(*several: Texts | None) -> Texts:
    """The parts of one thing that stand in several rows, such as an incident and its update."""
    found: Texts = {}
    for texts in several:
        for language, parts in (texts or {}).items():
            found[language] = found.get(language, {}) | parts
    return found


def text(
    texts: Mapping[str, Mapping[str, str]] | None, language: str, part: Part, original: str
) -> str:
    """A part in a language, as far as there is a translation of it."""
    return (texts or {}).get(language, {}).get(part) or original


def fields_of(one: object) -> dict[str, str]:
    """What an input, a row or a banner says, by field, such as `translations.de.title`."""
    found = {name: getattr(one, name, "") for name in ("title", "message")}
    for language, given in (getattr(one, "translations", None) or {}).items():
        parts = given if isinstance(given, dict) else given.model_dump(exclude_none=True)
        found |= {f"translations.{language}.{part}": text for part, text in parts.items()}
    return found
