"""A real mail server that keeps what it takes, and misbehaves as told."""

import asyncio
import email
import email.policy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests import event_loops
from tests.ports import free_port


@dataclass
class Post:
    """The server's own log: every mail that it answered with 250, and to whom."""

    port: int = 0
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    # What to do with a recipient or a whole mail: an answer other than 250, or None.
    at_recipient: Callable[[str], str | None] = lambda address: None
    at_mail: Callable[[EmailMessage], str | None] = lambda mail: None

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        answer = self.at_recipient(address)
        if answer == "hang":
            await asyncio.sleep(3600)
        if answer is not None:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        mail = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        answer = self.at_mail(mail)
        if answer == "hang":
            await asyncio.sleep(3600)
        if answer == "break":
            assert server.transport is not None
            server.transport.abort()
            return "451 never heard"
        if answer is None:
            self.raw.append(content)
            self.taken += [(address, mail) for address in envelope.rcpt_tos]
            return "250 Taken"
        return answer

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for recipient, mail in self.taken if recipient == address]


class Listener(Controller):
    """A controller that leaves no connection open when it is stopped."""

    def factory(self) -> SMTP:
        made = super().factory()
        self._made.append(made)
        return made

    def start(self) -> None:
        self._made: list[SMTP] = []
        super().start()

    def stop(self, no_assert: bool = False) -> None:
        stopping = event_loops.stop(self.server, lambda: [one.transport for one in self._made])
        asyncio.run_coroutine_threadsafe(stopping, self.loop).result(10)
        super().stop(no_assert)


@contextmanager
def serving(post: Post, port: int = 0) -> Iterator[Post]:
    """Listen on loopback while the block runs."""
    post.port = port or free_port()
    controller = Listener(post, hostname="127.0.0.1", port=post.port)
    controller.start()
    try:
        yield post
    finally:
        controller.stop()


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


@pytest.fixture
def post() -> Iterator[Post]:
    """A mail server that answers as the test tells it."""
    with serving(Post()) as made:
        yield made
