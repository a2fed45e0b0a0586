"""Message templates: a text with `{{name}}` in it, and nothing cleverer."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import StringConstraints
from sqlalchemy import String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.errors import RuleError
from portal.schemas import Camel
from portal.status import translations
from portal.status.terms import Message, Title
from portal.store.base import Base
from portal.unit_of_work import Acts, Transaction, act

# A place to fill in, such as `{{impact}}`.
PLACE = re.compile(r"\{\{\s*([a-z_]{1,40})\s*\}\}")
_STRAY = re.compile(r"\{\{|\}\}")


class MessageTemplate(Base):
    """A named text for telling people; one named `operations` ships."""

    __tablename__ = "message_template"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    title: Mapped[str] = mapped_column(String(240))
    message: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime]
    version: Mapped[int]


TemplateName = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", min_length=2, max_length=40)
]


class TemplateIn(Camel):
    """A template, stored under `name`."""

    name: TemplateName
    title: Title
    message: Message


class TemplateOut(Camel):
    """A template and the names it wants filled."""

    name: str
    title: str
    message: str
    fields: list[str]
    updated_at: datetime
    version: int


class Rendered(Camel):
    """What a template gave."""

    title: str
    message: str


def fields_of(template: TemplateIn | MessageTemplate) -> list[str]:
    """The names that want filling, in order of appearance."""
    return list(dict.fromkeys(PLACE.findall(f"{template.title}\n{template.message}")))


def check(template: TemplateIn) -> None:
    """RuleError where braces stand that are not a field."""
    for field in ("title", "message"):
        if _STRAY.search(PLACE.sub("", getattr(template, field))):
            raise RuleError(field, "Write a field as {{name}}, with lowercase letters and _.")


def render(template: MessageTemplate, values: dict[str, str]) -> Rendered:
    """Fill the fields; RuleError names what is missing or unknown."""
    wanted = fields_of(template)
    missing = [name for name in wanted if not values.get(name, "").strip()]
    if missing:
        raise RuleError("values", f"Missing: {', '.join(missing)}.")
    unknown = sorted(set(values) - set(wanted))
    if unknown:
        raise RuleError("values", f"This template has no field {', '.join(unknown)}.")

    return fill(template, values)


def fill(template: TemplateIn | MessageTemplate, values: Mapping[str, str]) -> Rendered:
    """Fill what is known; the other places stand as they are."""

    def filled(text: str) -> str:
        return PLACE.sub(lambda match: values.get(match[1], match[0]), text)

    return Rendered(title=filled(template.title)[:240], message=filled(template.message)[:5000])


def out(row: MessageTemplate) -> TemplateOut:
    return TemplateOut.of(row, fields=fields_of(row))


def refuse_open_places(session: Session, one: object) -> None:
    """RuleError for a text for readers in which a place of one of the templates still stands.

    It is looked for in title, message and their translations, of an input, a row or a banner.
    Other braces are prose: somebody may tell of a template that failed.
    """
    for field, text in translations.fields_of(one).items():
        found = list(dict.fromkeys(PLACE.findall(text)))
        if not found:
            continue
        known = {name for row in everything(session) for name in fields_of(row)}
        if places := [f"{{{{{name}}}}}" for name in found if name in known]:
            raise RuleError(field, f"This still has a place to fill in: {', '.join(places)}.")


def everything(session: Session) -> list[MessageTemplate]:
    return list(session.scalars(select(MessageTemplate).order_by(MessageTemplate.name)))


class Templates(Acts):
    """Acts on templates."""

    @act
    def save(self, tx: Transaction, content: TemplateIn) -> MessageTemplate:
        """Add or replace a message template."""
        check(content)
        row = tx.session.get(MessageTemplate, content.name)
        row = tx.add(MessageTemplate(name=content.name)) if row is None else tx.expect(row)
        row.title, row.message = content.title, content.message
        return tx.done(row, "maintenance.template.changed", name=content.name)
