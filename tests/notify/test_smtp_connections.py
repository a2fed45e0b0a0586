"""When a connection to a mail server is made anew, and when it is closed; no server."""

import smtplib
from typing import Any

import pytest

from portal.notify.channels.smtp import PER_CONNECTION, UnusableServerError
from tests.notify.conversation import MAIL, Connection, make

pytestmark = pytest.mark.unit


class Fresh(Connection):
    """A connection for as many mails as come."""

    def getreply(self) -> Any:
        if self.sent:
            self.sent = b""
            return self._answer("end")
        return self._answer("data")


class Line:
    """A conversation whose connections are given, with what became of each mail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *connections: Any) -> None:
        self.one = make()
        self.connections, self.made = list(connections), list[Any]()
        monkeypatch.setattr(self.one, "_connect", self._connect)

    def _connect(self) -> Any:
        made = self.connections.pop(0) if self.connections else Fresh()
        self.made.append(made)
        if isinstance(made, Exception):
            raise made
        return made

    def deliver(self) -> str:
        try:
            return self.one.deliver(**MAIL)[0].value  # type: ignore[arg-type]
        except UnusableServerError:
            return "unusable"


def test_one_connection_takes_so_many_mails(monkeypatch: pytest.MonkeyPatch):
    line = Line(monkeypatch)
    assert {line.deliver() for _ in range(PER_CONNECTION)} == {"sent"}
    assert [one.log.count("quit") for one in line.made] == [1]
    assert line.deliver() == "sent"
    assert [one.log.count("end") for one in line.made] == [PER_CONNECTION, 1]


def test_a_connection_that_hung_up_is_not_used_again(monkeypatch: pytest.MonkeyPatch):
    line = Line(monkeypatch, Fresh(rcpt=(421, b"bye")))
    assert [line.deliver(), line.deliver()] == ["later", "sent"]
    assert len(line.made) == 2
    assert "quit" in line.made[0].log


def test_a_connection_that_was_closed_in_between_is_made_anew(monkeypatch: pytest.MonkeyPatch):
    first = Fresh()
    line = Line(monkeypatch, first)
    usual = first.mail

    def once(sender: str) -> Any:
        if "end" in first.log:
            raise smtplib.SMTPServerDisconnected
        return usual(sender)

    monkeypatch.setattr(first, "mail", once)
    assert [line.deliver(), line.deliver()] == ["sent", "sent"]
    assert len(line.made) == 2


def test_a_new_connection_that_breaks_off_is_not_tried_again(monkeypatch: pytest.MonkeyPatch):
    line = Line(monkeypatch, Fresh(mail=smtplib.SMTPServerDisconnected()))
    assert [line.deliver(), line.deliver()] == ["unusable", "sent"]
    assert line.made[0].log.count("mail") == 1
    assert len(line.made) == 2


def test_what_was_closed_is_made_anew(monkeypatch: pytest.MonkeyPatch):
    line = Line(monkeypatch)
    assert line.deliver() == "sent"
    line.one.close()
    assert line.deliver() == "sent"
    assert len(line.made) == 2


@pytest.mark.parametrize("error", [OSError("x"), smtplib.SMTPServerDisconnected()])
def test_a_connection_is_closed_whatever_it_says(error):
    one, connection = make(), Connection(quit=error)
    one.close()
    one._smtp = connection  # type: ignore[assignment]
    one.close()
    assert connection.log == ["quit", "close"]
    assert connection.sock.timeouts == [2.0]
    connection.sock = None
    one._smtp = connection  # type: ignore[assignment]
    one.close()
    assert connection.log == ["quit", "close", "close"]
