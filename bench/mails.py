"""Mail from a node to a server on loopback, with as many subscribers as the portal has.

The end of a window is on its way to all of them when an incident is opened.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Select, func, select

from bench import nodes, processor
from bench.clients import Client
from bench.portals import IMPAIRED, INCIDENT, RUNTIME, Bench
from portal import clock
from portal.notify.outbox import Delivery
from portal.notify.subscribers import Subscriber
from portal.status import notices
from portal.status.notices import Event, Notice, NoticeKind
from portal.store import engine as engines
from tests.commands import bare_environ
from tests.patience import until
from tests.ports import free_port

# As much of the end of the window is still on its way when the incident is opened.
LEFT = 0.8
RATE = "1000000/second"
WINDOW, TROUBLE = "The end of a window", "Trouble with everything"
LONGEST_SECONDS = 1800


@dataclass(frozen=True)
class Mails:
    """How fast mails go out, by which share of a core, and how soon one that is urgent.

    `act` is in milliseconds, `first` in seconds from the same beginning. `waiting` of the window's
    mails went out after those of the incident, whose deliveries are `kept` when they were sent.
    """

    rate: float
    share: float
    waiting: int
    act: float
    first: float
    kept: int


@contextmanager
def postbox(folder: Path) -> Iterator[tuple[str, Path]]:
    """A mail server in a process of its own: its address, and the file of what it has taken."""
    port, taken = free_port(), folder / "mails"
    command = [sys.executable, "-m", "bench.postbox", str(port), str(taken)]
    process = subprocess.Popen(command, env=bare_environ())

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        until(listens, what="the mail server")
        yield f"smtp://127.0.0.1:{port}", taken
    finally:
        process.terminate()
        process.wait(20)


def measured(bench: Bench, folder: Path) -> Mails:
    """The portal must have its subscribers, and nothing else under way."""
    window = _put_window(bench)
    readers = _count(bench, select(func.count()).select_from(Subscriber))
    folder = folder / "mails"
    folder.mkdir()
    with (
        postbox(folder) as (url, file),
        nodes.serve(
            bench,
            folder / "node",
            PORTAL_SMTP_URL=url,
            PORTAL_MAIL_FROM="status@example.com",
            PORTAL_EXTERNAL_URL="http://status.example.com",
            PORTAL_MAIL_RATE=RATE,
        ) as node,
    ):
        workers = node.named("portal worker")

        def used() -> float:
            return processor.seconds(workers)

        # Addressing goes on beside the first mails, and is no part of the rate.
        _until(lambda: _notice(bench, window).addressed_at is not None, "the addressing")
        begun, before, sent = time.monotonic(), used(), len(_taken(file))
        _until(lambda: _notice(bench, window).pending <= LEFT * readers, "the first mails")
        seconds, share = time.monotonic() - begun, used() - before
        rate = (len(_taken(file)) - sent) / seconds
        waiting = _notice(bench, window).pending
        opened = time.monotonic()
        given = INCIDENT | {"title": TROUBLE, "components": [IMPAIRED]}
        with closing(Client(node.address, **bench.bearer)) as client:
            status, act = client.post(f"{RUNTIME}/incidents", given)
        assert status == 201, status
        first = _until(lambda: _first(file, TROUBLE), "the first mail of the incident")
        with bench.portal.core.open_session() as session:
            asked = select(Notice.id).where(Notice.title.contains(TROUBLE))
            incident = session.scalars(asked).one()
        _until(lambda: _notice(bench, incident).addressed_at is not None, "its addressing")
    kept = _count(bench, _deliveries(incident))
    return Mails(rate, share / seconds, waiting, act, first - opened, kept)


def _put_window(bench: Bench) -> int:
    """The end of a window, to be told to everybody."""
    with bench.portal.core.open_session() as session:
        engines.begin_write(session)
        content = notices.Content(
            title=WINDOW, message="It is over.", audiences=["public"], channels=["email"]
        )
        kind, event = NoticeKind.WINDOW, Event.ENDED
        notices.put(session, kind, event, "m-bench", content, now=clock.now())
        session.commit()
        return session.scalars(select(Notice.id).where(Notice.ref == "m-bench")).one()


def _notice(bench: Bench, number: int) -> Notice:
    with bench.portal.core.open_session() as session:
        return session.get_one(Notice, number)


def _deliveries(notice: int) -> Select[int]:
    return select(func.count()).select_from(Delivery).where(Delivery.notice_id == notice)


def _count(bench: Bench, query: Select[int]) -> int:
    with bench.portal.core.open_session() as session:
        return session.scalars(query).one()


def _taken(file: Path) -> list[tuple[float, str]]:
    """What the mail server took: when, and the subject."""
    lines = file.read_text().splitlines() if file.exists() else []
    return [(float(at), subject) for at, _, subject in (one.partition(" ") for one in lines)]


def _first(file: Path, words: str) -> float | None:
    return next((at for at, subject in _taken(file) if words in subject), None)


def _until(condition: Callable[[], Any], what: str) -> Any:
    return until(condition, seconds=LONGEST_SECONDS, what=what)
