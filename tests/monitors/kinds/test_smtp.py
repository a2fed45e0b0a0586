"""SMTP against a real server, plain, over TLS and with STARTTLS."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from portal.monitors.health import Outcome
from portal.monitors.looks import Look
from portal.monitors.monitor import Kind
from tests.monitors import servers
from tests.monitors.certificates import Authority, Pair
from tests.monitors.kinds.looks import look
from tests.monitors.servers import saying, serving
from tests.notify.post import Listener
from tests.ports import free_port

pytestmark = pytest.mark.process


class _Quiet:
    async def handle_DATA(self, *_: object) -> str:
        return "250 OK"


def ask(port: int, **given: object) -> Look:
    return look(Kind.SMTP, host="localhost", port=port, **given)


def context_of(pair: Pair) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    return context


@contextmanager
def mail(**options: Any) -> Iterator[int]:
    server = Listener(
        _Quiet(), hostname="127.0.0.1", port=free_port(), server_hostname="mail.test",
        ident="Test mail", **options,
    )  # fmt: skip
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


def test_smtp_that_is_well(authority: Authority):
    context = context_of(authority.issue("mail"))
    with mail(tls_context=context) as port:
        found = ask(port, textPresent="Test mail")
        assert (found.outcome, found.detail) == (Outcome.UP, "220 mail.test Test mail")
        secure = ask(port, security="starttls")
        assert secure.outcome is Outcome.UP, secure.detail
        assert secure.trace.certificate_expires_at is not None
    with mail(ssl_context=context) as port:
        secure = ask(port, security="tls")
        assert secure.outcome is Outcome.UP, secure.detail


def test_smtp_that_is_wrong(authority: Authority):
    with mail() as port:
        assert ask(port, textPresent="Postfix").detail == "“Postfix” is not in the greeting"
        assert ask(port, security="starttls").detail == "The server does not offer STARTTLS"
        assert ask(port, security="tls").detail.startswith("TLS: ")
    with mail(tls_context=context_of(authority.issue("old", days=-1))) as port:
        found = ask(port, security="starttls")
        assert (found.outcome, found.detail) == (
            Outcome.DOWN,
            "Certificate: certificate has expired",
        )
        assert ask(port, security="starttls", verifyTls=False).outcome is Outcome.UP
    with serving(saying(b"554 No\r\n", asks=False)) as port:
        assert ask(port).detail == "Answered 554 No, expected 220"
    with serving(saying(b"220 " + b"x" * 100_000, asks=False)) as port:
        assert ask(port).detail == "A line of the answer is too long"


def test_smtp_that_is_slow(monkeypatch: pytest.MonkeyPatch):
    with serving(servers.silence) as port:
        found = ask(port, timeout_seconds=1)
    assert (found.outcome, found.detail) == (Outcome.DOWN, "No answer within 1 s")
    with serving(saying(b"220-still\r\n" * 40, every=0.0, asks=False)) as port:
        assert ask(port, timeout_seconds=1).outcome is Outcome.DOWN

    async def waits(self: SMTP, hostname: str) -> None:
        await servers.silence(self._reader, self._writer)

    with monkeypatch.context() as patch:
        patch.setattr(SMTP, "smtp_EHLO", waits)
        with mail() as port:
            found = ask(port, timeout_seconds=1)
    assert (found.outcome, found.detail) == (Outcome.DOWN, "No answer within 1 s")


def test_smtp_that_is_dead():
    with mail() as port:
        assert ask(port).outcome is Outcome.UP
    found = ask(port)
    assert (found.outcome, found.detail) == (Outcome.DOWN, "Connection refused")
