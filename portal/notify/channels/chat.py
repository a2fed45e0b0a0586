"""The operators' chats, through Apprise."""

import logging
from functools import cache
from typing import Any

from portal.notify.messages import Message, Render, quiet
from portal.notify.outbox import Claim, Outcome, Result

_TYPES = {"ok": "success", "info": "info", "warn": "warning", "bad": "failure", "muted": "info"}


def names(addresses: tuple[str, ...]) -> list[str]:
    """What the chats are called in lists: their place and service, nothing of the address."""
    return [
        f"{number}-{one.partition('://')[0].lower()}" for number, one in enumerate(addresses, 1)
    ]


@cache
def _service(address: str) -> Any:
    # Loads some hundred plugins, for whoever has a chat at all.
    from apprise import Apprise

    # It names topics and hosts when a service fails; the outbox says what there is to say.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    return Apprise.instantiate(address)


def check(addresses: tuple[str, ...]) -> list[str]:
    """The names of those that the library cannot make anything of."""
    return [
        name
        for name, address in zip(names(addresses), addresses, strict=True)
        if _service(address) is None
    ]


def body(message: Message, *, render: Render, url: str) -> str:
    """A message as a chat's lines."""
    return quiet(render("chat", message=message, url=url)[0])


def send(
    claim: Claim, message: Message, address: str, *, site: str, url: str, render: Render
) -> Outcome:
    """Say it in one chat."""
    service = _service(address)
    if service is None:
        return Outcome(claim.delivery, Result.REFUSED, "The address of this chat is not right")
    is_sent = service.notify(
        title=quiet(message.subject(site)),
        body=body(message, render=render, url=url),
        notify_type=_TYPES[message.tone],
    )
    if is_sent:
        return Outcome(claim.delivery, Result.SENT)
    return Outcome(claim.delivery, Result.LATER, "The service did not take it")
