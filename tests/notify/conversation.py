"""The talk with a mail server, with its answers as a test tells them."""

from typing import Any

from portal.notify.channels.smtp import Conversation
from portal.settings import MailServer


class Socket:
    def __init__(self) -> None:
        self.timeouts: list[float] = []

    def settimeout(self, seconds: float) -> None:
        self.timeouts.append(seconds)


class Connection:
    """Answers as told; an exception among the answers is raised."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {
            "mail": (250, b"ok"),
            "rcpt": (250, b"ok"),
            "data": (354, b"go on"),
            "end": (250, b"taken"),
            "quit": None,
            **answers,
        }
        self.sock: Any = Socket()
        self.log: list[str] = []
        self.sent = b""

    def _answer(self, name: str) -> Any:
        self.log.append(name)
        if isinstance(self.answers[name], Exception):
            raise self.answers[name]
        return self.answers[name]

    def mail(self, sender: str) -> Any:
        return self._answer("mail")

    def rcpt(self, to: str) -> Any:
        return self._answer("rcpt")

    def putcmd(self, name: str) -> None:
        assert name == "data"

    def getreply(self) -> Any:
        return self._answer("end" if self.sent else "data")

    def send(self, data: bytes) -> None:
        self.sent = data

    def rset(self) -> None:
        self.log.append("rset")

    def quit(self) -> None:
        self._answer("quit")

    def close(self) -> None:
        self.log.append("close")


MAIL = {"sender": "a@example.com", "to": "b@example.com", "letter": b"x\r\n.y\r\n"}


def make(**values: Any) -> Conversation:
    given = {"host": "mail.example.com", "port": 25, "tls": "off", **values}
    return Conversation(MailServer(**given))
