"""A conversation with the mail server: one connection, mail after mail."""

import re
import smtplib
import socket
import ssl
from contextlib import suppress

from portal.notify.outbox import Result
from portal.settings import MailServer

PER_CONNECTION = 100
QUIT_SECONDS = 2.0
_DOT = re.compile(rb"^\.", re.MULTILINE)


class UnusableServerError(Exception):
    """The server cannot be used at all; nothing was said of this mail."""


class Conversation:
    """Connects with the first mail, and again when the connection broke or has had its share."""

    connect_seconds = 10.0
    # RFC 5321 has a client wait ten minutes for the answer to a whole message: the server may be
    # about to take it. Five are long.
    answer_seconds = 300.0

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._smtp: smtplib.SMTP | None = None
        self._count = 0

    def deliver(self, *, sender: str, to: str, letter: bytes) -> tuple[Result, str]:
        """Hand a mail over; what the server made of it, and why. UnusableServerError."""
        if self._smtp is not None:
            # It was open for a while: the other side may have closed it since.
            with suppress(UnusableServerError):
                return self._hand_over(sender, to, letter)
        return self._hand_over(sender, to, letter)

    def close(self) -> None:
        """End it, politely if the server listens."""
        smtp, self._smtp, self._count = self._smtp, None, 0
        if smtp is None:
            return
        try:
            assert smtp.sock is not None
            smtp.sock.settimeout(QUIT_SECONDS)
            smtp.quit()
        except (OSError, smtplib.SMTPException, AssertionError):
            smtp.close()

    def _hand_over(self, sender: str, to: str, letter: bytes) -> tuple[Result, str]:
        is_usable = False
        try:
            self._smtp = self._smtp or self._connect()
            result, reason, is_usable = self._transfer(self._smtp, sender, to, letter)
        finally:
            self._count += 1
            if not is_usable or self._count >= PER_CONNECTION:
                self.close()
        return result, reason

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        try:
            if server.tls == "smtps":
                made: smtplib.SMTP = smtplib.SMTP_SSL(
                    server.host,
                    server.port,
                    timeout=self.connect_seconds,
                    context=ssl.create_default_context(),
                )
            else:
                made = smtplib.SMTP(server.host, server.port, timeout=self.connect_seconds)
            made.ehlo_or_helo_if_needed()
            if server.tls == "starttls":
                made.starttls(context=ssl.create_default_context())
            elif server.tls == "offered" and made.has_extn("starttls"):
                # Nothing secret goes over it; encryption that proves no name is better than none.
                context = ssl.create_default_context()
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                made.starttls(context=context)
            if server.user:
                made.login(server.user, server.password)
        except Exception as error:
            # A password that cannot be spelled, a challenge that cannot be read: all of it counts.
            raise UnusableServerError(f"The mail server cannot be used: {_said(error)}") from None
        return made

    def _transfer(
        self, smtp: smtplib.SMTP, sender: str, to: str, letter: bytes
    ) -> tuple[Result, str, bool]:
        """What became of a mail, why, and whether the connection can take another."""
        try:
            code, answer = smtp.mail(sender)
            if code != 250:
                raise UnusableServerError(
                    f"The mail server refuses the sender: {_line(code, answer)}"
                )
            code, answer = smtp.rcpt(to)
            if code not in {250, 251}:
                smtp.rset()
                return _kind(code), f"The recipient: {_line(code, answer)}", code != 421
            smtp.putcmd("data")
            code, answer = smtp.getreply()
            if code != 354:
                smtp.rset()
                return _kind(code), f"The mail: {_line(code, answer)}", code != 421
        except (OSError, smtplib.SMTPException) as error:
            raise UnusableServerError(f"The mail server broke off: {_said(error)}") from None
        try:
            assert smtp.sock is not None
            smtp.sock.settimeout(self.answer_seconds)
            # A line of one dot ends a mail, so that dots at the start of lines are doubled.
            smtp.send(_DOT.sub(b"..", letter) + b".\r\n")
            code, answer = smtp.getreply()
            smtp.sock.settimeout(self.connect_seconds)
        except (OSError, smtplib.SMTPException) as error:
            reason = f"No word came whether the mail was taken: {_said(error)}"
            return Result.LATER, reason, False
        if code == 250:
            return Result.SENT, "", True
        return _kind(code), f"The mail: {_line(code, answer)}", code != 421


def _kind(code: int) -> Result:
    return Result.REFUSED if 500 <= code < 600 else Result.LATER


def _line(code: int, answer: bytes) -> str:
    # A server's words may hold the address, which is nobody's business in a list of errors.
    words = [word for word in answer.decode("ascii", "replace").split() if "@" not in word]
    return f"{code} {' '.join(words)}"[:150]


def _said(error: BaseException) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        answer = error.smtp_error
        return _line(error.smtp_code, answer if isinstance(answer, bytes) else answer.encode())
    if isinstance(error, TimeoutError | socket.timeout):
        return "no answer in time"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "the connection was closed"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
