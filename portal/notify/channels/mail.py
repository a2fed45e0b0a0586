"""Mail: what a subscriber gets, and the courier that takes it to the mail server."""

import json
import os
import queue
import subprocess
import sys
import threading
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, ClassVar

import structlog

from portal import clock
from portal.notify.messages import Message, Render
from portal.notify.outbox import Claim, Outcome, Result
from portal.notify.subscribers import Links, Topic
from portal.settings import MailServer
from portal.status.notices import NoticeKind

_log = structlog.get_logger()
COURIER = Path(__file__).parents[1] / "courier.py"
CONNECTIONS = 4
MOST_AT_ONCE = 100
STOP_SECONDS = 5.0
# One that falls over its own feet is not started as fast as it falls.
START_AGAIN_SECONDS = 2.0
JOURNAL = "outbox.journal"
_POLICY = SMTP.clone(cte_type="7bit")


class Letters:
    """Writes the mails of a site."""

    def __init__(self, *, sender: str, site: str, url: str, links: Links, render: Render) -> None:
        self._sender, self._site, self._url = sender, site, url
        self._links, self._render = links, render
        self._host = parseaddr(sender)[1].rpartition("@")[2] or "localhost"

    @property
    def envelope_sender(self) -> str:
        return parseaddr(self._sender)[1]

    def write(self, claim: Claim, message: Message) -> bytes:
        """The mail of a delivery; its Message-ID is the same at every try."""
        person = claim.subscriber
        assert person is not None
        name = f"{claim.notice.id}.{claim.delivery}"
        head = {"Message-ID": f"<{name}@{self._host}>"}
        if claim.notice.kind == NoticeKind.SUBSCRIPTION:
            text, html = self._render(
                "question",
                confirm=self._links.confirm(person),
                url=self._url,
                topics=_spoken(person.wanted.get("topics", [])),
                site_name=self._site,
            )
            return self._mail(claim, f"[{self._site}] Confirm your subscription", text, html, head)
        manage = self._links.manage(person)
        text, html = self._render(
            "notice", message=message, manage=manage, url=self._url, site_name=self._site
        )
        # What is about one thing stands together, for each recipient by itself.
        thread = sha256(f"{claim.notice.thread} {person.id}".encode()).hexdigest()[:24]
        head |= {
            "References": f"<{thread}@{self._host}>",
            "In-Reply-To": f"<{thread}@{self._host}>",
            "List-Id": f"<status.{self._host}>",
            "List-Unsubscribe": f"<{self._url}/unsubscribe/{manage}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
        return self._mail(claim, message.subject(self._site), text, html, head)

    def _mail(
        self, claim: Claim, subject: str, text: str, html: str, head: dict[str, str]
    ) -> bytes:
        assert claim.subscriber is not None
        mail = EmailMessage(policy=_POLICY)
        mail["From"] = self._sender
        mail["To"] = claim.subscriber.address
        # The library decodes what looks like an encoded word, and writes out line ends in it.
        mail["Subject"] = subject.replace("=?", "= ?")
        mail["Date"] = format_datetime(claim.notice.created_at)
        # No absence is reported to a machine, and no other machine answers it.
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
        mail.set_content(text, cte="quoted-printable")
        mail.add_alternative(html, subtype="html", cte="quoted-printable")
        # The library breaks long addresses up into encoded words, which programs that look for an
        # address do not read: these go as they are. All of them are of our own making.
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        return lines.encode("ascii") + mail.as_bytes()


def _spoken(topics: list[str]) -> str:
    names = [one.value for one in Topic if one.value in topics]
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1] if names else ""]))


class Mail:
    """The channel: a courier process, started with the first mail and again when it falls."""

    # How long the courier waits for a connection and an answer, where not as long as it would.
    patience: ClassVar[dict[str, float]] = {}

    def __init__(self, server: MailServer, letters: Letters, *, rate: float, folder: Path) -> None:
        self._server, self._letters, self._rate = server, letters, rate
        self._journal = folder / JOURNAL
        self._told: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        self._listener: threading.Thread | None = None
        # Couriers that are still at a mail that they had begun.
        self._left: list[subprocess.Popen[bytes]] = []
        self._started_at = -START_AGAIN_SECONDS
        self._is_ready = threading.Event()
        self._under_way: set[int] = set()

    def start(self) -> None:
        """Start a courier unless one runs; it waits for the last one's end by itself."""
        if self._process is not None and self._process.poll() is None:
            return
        # What is known of the last one is not what is known of the next.
        self._is_ready.clear()
        if clock.boot_seconds() - self._started_at < START_AGAIN_SECONDS:
            return
        self._started_at = clock.boot_seconds()
        self._left = [one for one in self._left if one.poll() is None]
        if self._process is not None:
            _log.warning("mail.courier_died", code=self._process.returncode)
            self.stop()
        self._journal.parent.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(COURIER), str(self._journal)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        server = {
            "host": self._server.host,
            "port": self._server.port,
            "tls": self._server.tls,
            "user": self._server.user,
            "password": self._server.password,
            "rate": self._rate,
            "connections": CONNECTIONS,
            **self.patience,
        }
        self._say(server)
        self._listener = threading.Thread(
            target=self._listen, args=(self._process.stdout,), daemon=True, name="courier"
        )
        self._listener.start()

    @property
    def is_ready(self) -> bool:
        """Whether everything that earlier couriers did is known."""
        return self._is_ready.is_set()

    def send(self, claim: Claim, message: Message) -> None:
        """Hand a mail to the courier."""
        assert claim.subscriber is not None
        mail = self._letters.write(claim, message)
        self._under_way.add(claim.delivery)
        self._say(
            {
                "id": claim.delivery,
                "from": self._letters.envelope_sender,
                "to": claim.subscriber.address,
                "data": mail.decode("ascii"),
            }
        )

    def outcomes(self) -> list[Outcome]:
        """What has become of mails since the last call."""
        found = []
        while not self._told.empty():
            found.append(self._told.get())
        self._under_way -= {one.delivery for one in found}
        return found

    def forget(self) -> list[int]:
        """The mails whose courier has died and whose journal does not speak of them."""
        lost, self._under_way = sorted(self._under_way), set()
        return lost

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def under_way(self) -> frozenset[int]:
        """The deliveries that the courier has in its hands."""
        return frozenset(self._under_way)

    @property
    def room(self) -> int:
        """How many more it may be given."""
        return MOST_AT_ONCE - len(self._under_way)

    def clear(self) -> None:
        """Empty the journal; only when all of it is in the database and nothing is under way."""
        if not self._under_way and self._told.empty() and self._journal.stat().st_size > 0:
            # The courier appends; it goes on from the new end.
            os.truncate(self._journal, 0)

    def stop(self) -> None:
        """Take no more; what was begun the courier ends by itself, and the next waits for it."""
        process, self._process = self._process, None
        if process is None or self._listener is None:
            return
        assert process.stdin is not None
        with suppress(OSError):
            process.stdin.close()
        try:
            process.wait(STOP_SECONDS)
            self._listener.join(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            _log.info("mail.courier_goes_on")
            self._left.append(process)

    def _say(self, line: dict[str, Any]) -> None:
        if self._process is None:
            return
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(line).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            # It has died; the next look sees that.
            return

    def _listen(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                if not line.strip():
                    continue
                try:
                    told = json.loads(line)
                    if told:
                        outcome = Outcome(told["id"], Result(told["result"]), told["reason"])
                        self._told.put(outcome)
                except (ValueError, KeyError, TypeError):
                    _log.warning("mail.journal_line_broken")
                    continue
                if not told:
                    self._is_ready.set()


def preview(message: Message, *, render: Render, site: str, url: str) -> tuple[str, str, str]:
    """Subject, text and HTML of a mail as a subscriber would get it."""
    text, html = render("notice", message=message, manage="…", url=url, site_name=site)
    return message.subject(site), text, html
