"""What is made of a mail server's answers; no server."""

import smtplib
from typing import Any

import pytest

from portal.notify.channels import smtp
from portal.notify.channels.smtp import UnusableServerError
from tests.notify.conversation import MAIL, Connection, make

pytestmark = pytest.mark.unit


def transfer(connection: Connection, **patience: float) -> Any:
    one = make()
    for name, seconds in patience.items():
        setattr(one, name, seconds)
    return one._transfer(connection, *MAIL.values())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answers", "result", "is_usable", "said", "why"),
    [
        ({}, "sent", True, "", "it was taken"),
        ({"rcpt": (251, b"ok")}, "sent", True, "", "it will be passed on"),
        (
            {"rcpt": (550, b"no b@example.com here")},
            "refused",
            True,
            "The recipient: 550 no here",
            "nobody of that name; the address is not repeated",
        ),
        ({"rcpt": (450, b"busy")}, "later", True, "The recipient: 450 busy", "not now"),
        ({"rcpt": (421, b"bye")}, "later", False, "The recipient: 421 bye", "it hangs up"),
        ({"data": (554, b"no")}, "refused", True, "The mail: 554 no", "no mail of ours"),
        ({"data": (421, b"bye")}, "later", False, "The mail: 421 bye", "it hangs up"),
        ({"end": (552, b"big")}, "refused", True, "The mail: 552 big", "not this mail"),
        ({"end": (451, b"full")}, "later", True, "The mail: 451 full", "not now"),
        ({"end": (421, b"bye")}, "later", False, "The mail: 421 bye", "it hangs up"),
        (
            {"end": TimeoutError()},
            "later",
            False,
            "No word came whether the mail was taken: no answer in time",
            "nobody knows",
        ),
    ],
)
def test_what_becomes_of_a_mail(answers, result, is_usable, said, why):
    connection = Connection(**answers)
    found = transfer(connection)
    assert found == (result, said, is_usable), why
    is_begun_anew = result != "sent" and "end" not in answers
    assert ("rset" in connection.log) is is_begun_anew


def test_dots_at_the_start_of_lines_are_doubled():
    connection = Connection()
    transfer(connection, answer_seconds=7.0, connect_seconds=3.0)
    assert connection.sent == b"x\r\n..y\r\n.\r\n"
    assert connection.sock.timeouts == [7.0, 3.0]


@pytest.mark.parametrize(
    ("answers", "text"),
    [
        ({"mail": (550, b"no")}, "refuses the sender: 550 no"),
        ({"mail": smtplib.SMTPServerDisconnected()}, "broke off: the connection was closed"),
        ({"rcpt": OSError(104, "reset")}, "broke off: reset"),
        ({"data": TimeoutError()}, "broke off: no answer in time"),
    ],
)
def test_a_server_that_cannot_be_used_says_nothing_of_the_mail(answers, text):
    with pytest.raises(UnusableServerError, match=text):
        transfer(Connection(**answers))


@pytest.mark.parametrize(
    ("code", "kind"),
    [(499, "later"), (500, "refused"), (599, "refused"), (600, "later"), (421, "later")],
)
def test_which_codes_are_final(code, kind):
    assert smtp._kind(code) == kind


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (smtplib.SMTPResponseException(535, b"bad b@example.com key"), "535 bad key"),
        (smtplib.SMTPResponseException(535, "bad"), "535 bad"),
        (TimeoutError("x"), "no answer in time"),
        (smtplib.SMTPServerDisconnected("x"), "the connection was closed"),
        (ConnectionRefusedError(111, "refused"), "refused"),
        (OSError("bare"), "OSError"),
        (ValueError("secret"), "ValueError"),
    ],
)
def test_what_is_said_of_an_error(error, said):
    assert smtp._said(error) == said


def test_a_long_answer_is_cut():
    assert len(smtp._line(550, b"a" * 300)) == 150


class Server:
    """What `smtplib` would connect to; the kind of it is in the log."""

    log: list[Any] = []
    has_tls, refuses = True, False

    def __init__(self, host: str, port: int, timeout: float, context: Any = None) -> None:
        Server.log = [("smtps" if context else "smtp", host, port, timeout)]
        if Server.refuses:
            raise ConnectionRefusedError(111, "refused")

    def ehlo_or_helo_if_needed(self) -> None:
        pass

    def has_extn(self, name: str) -> bool:
        return Server.has_tls

    def starttls(self, context: Any) -> None:
        Server.log.append(("starttls", context.check_hostname))

    def login(self, user: str, password: str) -> None:
        Server.log.append(("login", user))


@pytest.mark.parametrize(
    ("values", "has_tls", "log"),
    [
        ({}, True, ["smtp"]),
        ({"tls": "smtps"}, True, ["smtps"]),
        ({"tls": "starttls"}, True, ["smtp", ("starttls", True)]),
        ({"tls": "starttls"}, False, ["smtp", ("starttls", True)]),
        ({"tls": "offered"}, True, ["smtp", ("starttls", False)]),
        ({"tls": "offered"}, False, ["smtp"]),
        ({"user": "u"}, True, ["smtp", ("login", "u")]),
    ],
)
def test_how_a_server_is_spoken_to(monkeypatch: pytest.MonkeyPatch, values, has_tls, log):
    monkeypatch.setattr(smtp.smtplib, "SMTP", Server)
    monkeypatch.setattr(smtp.smtplib, "SMTP_SSL", Server)
    monkeypatch.setattr(Server, "has_tls", has_tls)
    one = make(**values)
    one.connect_seconds = 3.0
    one._connect()
    assert [Server.log[0][0], *Server.log[1:]] == log
    assert Server.log[0][1:] == ("mail.example.com", 25, 3.0)
    monkeypatch.setattr(Server, "refuses", True)
    with pytest.raises(UnusableServerError, match="cannot be used: refused"):
        make(**values)._connect()
