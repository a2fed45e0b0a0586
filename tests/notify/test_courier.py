"""What the courier makes of a server's answers, and when it asks again; without a server."""

import json
import os
import smtplib
from pathlib import Path
from typing import Any

import pytest

from portal.notify import courier
from portal.notify.courier import CLOSED_SECONDS, PER_CONNECTION, Closed, Courier

pytestmark = pytest.mark.unit
SERVER = {
    "host": "mail.example.com",
    "port": 25,
    "tls": "off",
    "user": "",
    "password": "",
    "rate": 10.0,
    "connections": 1,
}


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


MAIL = {"id": 1, "from": "a@example.com", "to": "b@example.com", "data": "x\r\n.y\r\n"}


def make(tmp_path: Path | None = None, **values: Any) -> Courier:
    journal = os.open(tmp_path / "journal", os.O_RDWR | os.O_CREAT) if tmp_path else -1
    return Courier({**SERVER, **values}, journal)


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
    found = make()._hand_over(connection, MAIL)  # type: ignore[arg-type]
    assert found == (result, said, is_usable), why
    is_begun_anew = result != "sent" and "end" not in answers
    assert ("rset" in connection.log) is is_begun_anew


def test_dots_at_the_start_of_lines_are_doubled():
    connection = Connection()
    make(answer_seconds=7.0, connect_seconds=3.0)._hand_over(connection, MAIL)  # type: ignore[arg-type]
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
    with pytest.raises(Closed, match=text):
        make()._hand_over(Connection(**answers), MAIL)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "kind"),
    [(499, "later"), (500, "refused"), (599, "refused"), (600, "later"), (421, "later")],
)
def test_which_codes_are_final(code, kind):
    assert courier._kind(code) == kind


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
    assert courier._said(error) == said


def test_a_long_answer_is_cut():
    assert len(courier._line(550, b"a" * 300)) == 150


class Clock:
    """Seconds that pass only when slept or told."""

    def __init__(self) -> None:
        self.seconds, self.slept = 1000.0, list[float]()

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(courier, "time", made)
    return made


def test_all_threads_share_one_pace(clock: Clock):
    one = make()
    for _ in range(3):
        one._wait_for_turn()
    assert clock.slept == [0.0, pytest.approx(0.1), pytest.approx(0.1)]
    clock.seconds += 9
    one._wait_for_turn()
    assert clock.slept[-1] == 0.0


class Office:
    """A courier whose connections are told, and what it noted of which mail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *connections: Any, **values: Any) -> None:
        self.one = make(**values)
        self.connections, self.made = list(connections), list[Any]()
        self.noted: list[tuple[int, str]] = []
        monkeypatch.setattr(self.one, "_connect", self._connect)
        monkeypatch.setattr(
            self.one, "_note", lambda number, result, _: self.noted.append((number, result))
        )

    def _connect(self) -> Any:
        made = self.connections.pop(0) if self.connections else Fresh()
        self.made.append(made)
        if isinstance(made, Exception):
            raise made
        return made

    def work(self, count: int) -> list[tuple[int, str]]:
        for number in range(count):
            self.one._mails.put({**MAIL, "id": number})
        self.one._mails.put(None)
        self.one._work()
        return self.noted


class Fresh(Connection):
    """A connection for as many mails as come."""

    def getreply(self) -> Any:
        if self.sent:
            self.sent = b""
            return self._answer("end")
        return self._answer("data")


def test_one_connection_takes_so_many_mails(monkeypatch: pytest.MonkeyPatch, clock: Clock):
    office = Office(monkeypatch)
    assert office.work(PER_CONNECTION + 1) == [(n, "sent") for n in range(PER_CONNECTION + 1)]
    assert [one.log.count("quit") for one in office.made] == [1, 1]
    assert office.made[0].log.count("end") == PER_CONNECTION


def test_a_connection_that_hung_up_is_not_used_again(monkeypatch: pytest.MonkeyPatch, clock: Clock):
    office = Office(monkeypatch, Fresh(rcpt=(421, b"bye")))
    assert office.work(2) == [(0, "later"), (1, "sent")]
    assert len(office.made) == 2
    assert "quit" in office.made[0].log


def test_a_server_that_is_closed_is_not_asked_for_each_mail(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
):
    office = Office(monkeypatch, Closed("away"))
    assert office.work(3) == [(0, "closed"), (1, "closed"), (2, "closed")]
    assert len(office.made) == 1
    clock.seconds = office.one._closed[0] + CLOSED_SECONDS - 0.5
    office.noted.clear()
    assert office.work(1) == [(0, "closed")]
    assert len(office.made) == 1
    clock.seconds = office.one._closed[0] + CLOSED_SECONDS
    office.noted.clear()
    assert office.work(1) == [(0, "sent")]
    assert len(office.made) == 2


def test_a_connection_that_was_closed_in_between_is_made_anew(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
):
    first = Fresh()
    office = Office(monkeypatch, first)
    usual = first.mail

    def once(sender: str) -> Any:
        if "end" in first.log:
            raise smtplib.SMTPServerDisconnected
        return usual(sender)

    monkeypatch.setattr(first, "mail", once)
    assert office.work(2) == [(0, "sent"), (1, "sent")]
    assert len(office.made) == 2
    broken = Office(monkeypatch, Fresh(mail=smtplib.SMTPServerDisconnected()))
    assert broken.work(1) == [(0, "closed")]
    assert len(broken.made) == 1


def test_a_connection_that_broke_off_is_not_used_again(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
):
    office = Office(monkeypatch, Fresh(mail=smtplib.SMTPServerDisconnected()), closed_seconds=0.0)
    assert office.work(2) == [(0, "closed"), (1, "sent")]
    assert office.made[0].log.count("mail") == 1


class Thread:
    """A thread that has done its work when it is started."""

    made: list["Thread"] = []

    def __init__(self, target: Any, daemon: bool) -> None:
        self.target, self.is_daemon, self.waited = target, daemon, -1.0
        Thread.made.append(self)

    def start(self) -> None:
        pass

    def join(self, seconds: float) -> None:
        self.waited = seconds
        self.target()


def test_what_was_begun_is_brought_to_its_end(monkeypatch: pytest.MonkeyPatch, clock: Clock):
    lines = [json.dumps({**MAIL, "id": number}).encode() for number in (1, 2)]
    monkeypatch.setattr(courier.sys, "stdin", type("In", (), {"buffer": lines}))
    monkeypatch.setattr(courier.threading, "Thread", Thread)
    one, seen = make(connections=2), list[Any]()

    def work() -> None:
        found = one._mails.get(timeout=1)
        while found is not None:
            seen.append((found["id"], one._is_leaving))
            found = one._mails.get(timeout=1)

    monkeypatch.setattr(one, "_work", work)
    Thread.made.clear()
    one.run()
    assert seen == [(1, True), (2, True)]
    assert [(thread.is_daemon, thread.waited) for thread in Thread.made] == [
        (True, courier.LEAVE_WITHIN_SECONDS)
    ] * 2


def test_an_error_of_any_kind_ends_no_thread(monkeypatch: pytest.MonkeyPatch, clock: Clock):
    office = Office(monkeypatch, ValueError("x"))
    assert office.work(2) == [(0, "later"), (1, "sent")]


def test_who_leaves_begins_nothing_new(monkeypatch: pytest.MonkeyPatch, clock: Clock):
    office = Office(monkeypatch)
    office.one._is_leaving = True
    assert office.work(2) == []
    assert office.made == []


def test_what_is_idle_is_closed_and_made_anew(monkeypatch: pytest.MonkeyPatch, clock: Clock):
    monkeypatch.setattr(courier, "IDLE_SECONDS", 0.01)
    office = Office(monkeypatch)
    calls = iter([{**MAIL, "id": 0}, None, {**MAIL, "id": 1}, "end"])

    def get(timeout: float) -> Any:
        found = next(calls)
        if found is None:
            raise courier.queue.Empty
        return None if found == "end" else found

    office.one._mails = type("Mails", (), {"get": staticmethod(get)})()  # type: ignore[assignment]
    office.one._work()
    assert office.noted == [(0, "sent"), (1, "sent")]
    assert len(office.made) == 2


@pytest.mark.parametrize("error", [OSError("x"), smtplib.SMTPServerDisconnected()])
def test_a_connection_is_closed_whatever_it_says(error):
    one, connection = make(), Connection(quit=error)
    one._close(None)
    one._close(connection)  # type: ignore[arg-type]
    assert connection.log == ["quit", "close"]
    assert connection.sock.timeouts == [2.0]
    connection.sock = None
    one._close(connection)  # type: ignore[arg-type]
    assert connection.log == ["quit", "close", "close"]


def test_an_outcome_is_noted_before_it_is_told(tmp_path: Path, capfdbinary: Any):
    one = make(tmp_path)
    one._note(7, "sent", "")
    line = b'{"id": 7, "result": "sent", "reason": ""}\n'
    assert (tmp_path / "journal").read_bytes() == line
    assert capfdbinary.readouterr().out == line
    os.close(one._journal)
    one._note(8, "later", "why")
    out, err = capfdbinary.readouterr()
    assert json.loads(out) == {"id": 8, "result": "later", "reason": "why"}
    assert b"journal cannot be written" in err


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
    monkeypatch.setattr(courier.smtplib, "SMTP", Server)
    monkeypatch.setattr(courier.smtplib, "SMTP_SSL", Server)
    monkeypatch.setattr(Server, "has_tls", has_tls)
    make(**values, connect_seconds=3.0)._connect()
    assert [Server.log[0][0], *Server.log[1:]] == log
    assert Server.log[0][1:] == ("mail.example.com", 25, 3.0)
    monkeypatch.setattr(Server, "refuses", True)
    with pytest.raises(Closed, match="cannot be used: refused"):
        make(**values)._connect()
