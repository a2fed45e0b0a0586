"""Subscriptions and webhooks as they come in and go out."""

import re
import unicodedata
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from portal.notify.subscribers import addresses, hosts
from portal.notify.subscribers.subscriber import Subscriber, SubscriberKind, Topic
from portal.schemas import Camel
from portal.status.components import Slug

_MAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@(?=.{1,190}$)[a-z0-9-]+(\.[a-z0-9-]+)+")


def _is_mail(text: str) -> str:
    local, _, domain = unicodedata.normalize("NFC", text.strip()).rpartition("@")
    try:
        address = f"{local}@{domain.encode('idna').decode('ascii').lower()}"
        address.encode("ascii")
    except UnicodeError:
        raise ValueError("is not an address that mail can be sent to") from None
    # What it has become: some letters turn into signs on the way.
    if not _MAIL.fullmatch(address) or not address.isprintable():
        raise ValueError("is not a mail address; write it as name@example.com")
    return address


MailAddress = Annotated[str, Field(max_length=254), AfterValidator(_is_mail)]


class Choices(Camel):
    """What a subscriber wants to hear of; no components: all of them."""

    topics: list[Topic] = Field(default=list(Topic), min_length=1, max_length=3)
    components: list[Slug] = Field(default=[], max_length=100)


class SubscriptionIn(Choices):
    """An address that asks to be told by mail."""

    address: MailAddress


class ChannelIn(Choices):
    """A channel that asks to be told: of Slack, of Teams, or a webhook."""

    kind: SubscriberKind
    address: Annotated[str, Field(min_length=1, max_length=1000)]

    @field_validator("address")
    @classmethod
    def _check(cls, address: str, info: ValidationInfo) -> str:
        return hosts.canonical(info.data["kind"], address)


class WebhookIn(Choices):
    """A webhook that an operator adds."""

    url: Annotated[str, Field(min_length=8, max_length=500)]


class SubscriberOut(Camel):
    """A subscriber; of a channel's address only the host and the end.

    `byReader` is a channel that a reader subscribed with.
    """

    id: int
    kind: SubscriberKind
    address: str
    topics: list[Topic]
    components: list[str]
    by_reader: bool
    confirmed_at: datetime | None
    created_at: datetime


class WebhookOut(SubscriberOut):
    """A new webhook with the key of its signatures, which is shown once."""

    secret: str


class Counts(Camel):
    """How many are told, and how many have yet to confirm."""

    mail: int
    slack: int
    teams: int
    webhook: int
    unconfirmed: int


def out(row: Subscriber) -> SubscriberOut:
    is_plain = row.kind != SubscriberKind.MAIL and row.sealed is None
    return SubscriberOut.of(row, address=addresses.shown(row.address) if is_plain else row.address)
