"""The courier: a small process that hands mails to the mail server, and nothing else.

It outlives its worker by the one mail that it is at. The moment between a server's "250 accepted"
and the note of it is where a mail is sent twice, when the process that sends dies in it; so the one
that may be killed at any time, with its database and its memory, is not the one that sends. Each
outcome is appended to a journal before it is told, and whoever starts the next courier reads that
first. Two never run on one journal: it is locked.

Run as a file with the journal's path; the first line of its input is the mail server, each further
one a mail. Standard library only, for its start and its memory.
"""

import fcntl
import json
import os
import queue
import re
import signal
import smtplib
import socket
import ssl
import sys
import threading
import time
from typing import Any

CONNECT_SECONDS = 10.0
# RFC 5321 has a client wait ten minutes for the answer to a whole message: the server may be about
# to take it. Five are long, and whoever stops does not wait them out.
ANSWER_SECONDS = 300.0
LEAVE_WITHIN_SECONDS = 30.0
PER_CONNECTION = 100
IDLE_SECONDS = 2.0
# What was asked of a server that cannot be used is not asked again for each mail that waits.
CLOSED_SECONDS = 3.0
_DOT = re.compile(rb"^\.", re.MULTILINE)


class Closed(Exception):
    """The server cannot be used at all; nothing was said of this mail."""


class Courier:
    """Threads with a connection each, one pace for all of them."""

    def __init__(self, server: dict[str, Any], journal: int) -> None:
        self._server = server
        self._journal = journal
        self._mails: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._pace = threading.Lock()
        self._next_at = 0.0
        self._is_leaving = False
        self._closed: tuple[float, str] = (-CLOSED_SECONDS, "")

    def run(self) -> None:
        threads = [
            threading.Thread(target=self._work, daemon=True)
            for _ in range(self._server["connections"])
        ]
        for thread in threads:
            thread.start()
        for line in sys.stdin.buffer:
            self._mails.put(json.loads(line))
        # The worker has gone: what was begun is brought to its end, the rest is for the next one.
        self._is_leaving = True
        for _ in threads:
            self._mails.put(None)
        deadline = time.monotonic() + LEAVE_WITHIN_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        connection: smtplib.SMTP | None = None
        count = 0
        while True:
            try:
                mail = self._mails.get(timeout=IDLE_SECONDS)
            except queue.Empty:
                # A server would close it sooner or later, and that would look like trouble.
                self._close(connection)
                connection = None
                continue
            if mail is None or self._is_leaving:
                break
            since, why = self._closed
            if time.monotonic() - since < self._server.get("closed_seconds", CLOSED_SECONDS):
                self._note(mail["id"], "closed", why)
                continue
            self._wait_for_turn()
            is_used = connection is not None
            try:
                try:
                    connection = connection or self._connect()
                    result, reason, is_usable = self._hand_over(connection, mail)
                except Closed:
                    if not is_used:
                        raise
                    # It was open for a while, and closed by the other side in between.
                    self._close(connection)
                    connection = self._connect()
                    result, reason, is_usable = self._hand_over(connection, mail)
            except Closed as closed:
                result, reason, is_usable = "closed", str(closed), False
                self._closed = (time.monotonic(), reason)
            except Exception as error:
                # Whatever it is: a thread that ends by it would end silently.
                result, reason, is_usable = "later", type(error).__name__, False
            self._note(mail["id"], result, reason)
            count += 1
            if not is_usable or count >= PER_CONNECTION:
                self._close(connection)
                connection, count = None, 0
        self._close(connection)

    def _wait_for_turn(self) -> None:
        with self._pace:
            now = time.monotonic()
            at = max(now, self._next_at)
            self._next_at = at + 1 / self._server["rate"]
        time.sleep(max(0.0, at - now))

    def _connect(self) -> smtplib.SMTP:
        host, port, tls = self._server["host"], self._server["port"], self._server["tls"]
        timeout = self._server.get("connect_seconds", CONNECT_SECONDS)
        try:
            if tls == "smtps":
                made: smtplib.SMTP = smtplib.SMTP_SSL(
                    host, port, timeout=timeout, context=ssl.create_default_context()
                )
            else:
                made = smtplib.SMTP(host, port, timeout=timeout)
            made.ehlo_or_helo_if_needed()
            if tls == "starttls":
                made.starttls(context=ssl.create_default_context())
            elif tls == "offered" and made.has_extn("starttls"):
                # Nothing secret goes over it; encryption that proves no name is better than none.
                context = ssl.create_default_context()
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                made.starttls(context=context)
            if self._server["user"]:
                made.login(self._server["user"], self._server["password"])
        except Exception as error:
            # A password that cannot be spelled, a challenge that cannot be read: all of it counts.
            raise Closed(f"The mail server cannot be used: {_said(error)}") from None
        return made

    def _hand_over(self, connection: smtplib.SMTP, mail: dict[str, Any]) -> tuple[str, str, bool]:
        """What became of a mail, why, and whether the connection can take another."""
        try:
            code, answer = connection.mail(mail["from"])
            if code != 250:
                raise Closed(f"The mail server refuses the sender: {_line(code, answer)}")
        except (OSError, smtplib.SMTPException) as error:
            raise Closed(f"The mail server broke off: {_said(error)}") from None
        try:
            code, answer = connection.rcpt(mail["to"])
            if code not in {250, 251}:
                connection.rset()
                return _kind(code), f"The recipient: {_line(code, answer)}", code != 421
            connection.putcmd("data")
            code, answer = connection.getreply()
            if code != 354:
                connection.rset()
                return _kind(code), f"The mail: {_line(code, answer)}", code != 421
        except (OSError, smtplib.SMTPException) as error:
            raise Closed(f"The mail server broke off: {_said(error)}") from None
        try:
            assert connection.sock is not None
            connection.sock.settimeout(self._server.get("answer_seconds", ANSWER_SECONDS))
            # A line of one dot ends a mail, so that dots at the start of lines are doubled.
            connection.send(_DOT.sub(b"..", mail["data"].encode("ascii")) + b".\r\n")
            code, answer = connection.getreply()
            connection.sock.settimeout(self._server.get("connect_seconds", CONNECT_SECONDS))
        except (OSError, smtplib.SMTPException) as error:
            return "later", f"No word came whether the mail was taken: {_said(error)}", False
        if code == 250:
            return "sent", "", True
        return _kind(code), f"The mail: {_line(code, answer)}", code != 421

    def _close(self, connection: smtplib.SMTP | None) -> None:
        if connection is None:
            return
        try:
            assert connection.sock is not None
            connection.sock.settimeout(2.0)
            connection.quit()
        except (OSError, smtplib.SMTPException, AssertionError):
            connection.close()

    def _note(self, number: int, result: str, reason: str) -> None:
        line = json.dumps({"id": number, "result": result, "reason": reason}).encode() + b"\n"
        # One call: a line is there whole or not at all. No sync: it is to outlive processes, and
        # does so in the system's memory.
        try:
            os.write(self._journal, line)
        except OSError:
            # A full disk: then the worker alone is told, which is nearly always enough.
            print("courier: the journal cannot be written", file=sys.stderr)
        with self._lock:
            try:
                sys.stdout.buffer.write(line)
                sys.stdout.buffer.flush()
            except OSError:
                # Nobody listens any more; the journal knows.
                return


def _kind(code: int) -> str:
    return "refused" if 500 <= code < 600 else "later"


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


def main() -> None:
    """Wait for the journal, read what there is to do, and end with the worker."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # A stop reaches the worker, and its end this one.
        signal.signal(number, signal.SIG_IGN)
    journal = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    fcntl.flock(journal, fcntl.LOCK_EX)
    # From here on this courier is the only one: what the last one noted is told first.
    with open(sys.argv[1], "rb") as noted:
        # A last line that was cut off must not swallow the mark behind it.
        sys.stdout.buffer.write(noted.read() + b"\n{}\n")
        sys.stdout.buffer.flush()
    first = sys.stdin.buffer.readline()
    if first:
        Courier(json.loads(first), journal).run()
    # Threads that still wait for a server are left behind on purpose.
    os._exit(0)


if __name__ == "__main__":
    main()
