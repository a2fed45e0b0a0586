"""Ten thousand subscribers, a mail server that misbehaves, and a worker that dies at random."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from portal import clock
from portal.notify import outbox
from portal.notify.channels.mail import CONNECTIONS
from portal.notify.channels.portion import LEAST
from portal.notify.outbox import CLAIMED_FOR, Delivery, State
from portal.notify.subscribers import Subscriber, SubscriberKind, Topic
from portal.settings import MailServer
from portal.status.incidents import IncidentIn
from portal.store import engine
from portal.store.lease import Lease
from portal.unit_of_work import By
from tests.commands import bare_environ
from tests.conftest import Build
from tests.databases import fresh_database
from tests.notify.post import Post, serving
from tests.processes import ROOT, until
from tests.sites import Site

PEOPLE = 10_000
POSTMAN = Path(__file__).with_name("postman.py")


class Hook(BaseHTTPRequestHandler):
    """A target that answers at once."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.called.append(self.headers["Portal-Delivery"])  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        return


def mood(post: Post, chance: random.Random) -> None:
    """Refuse some for good, some once; hang, break off and answer busy now and then."""
    first = Counter[str]()

    def at_recipient(address: str) -> str | None:
        first[address] += 1
        number = int(address.partition("@")[0].removeprefix("p"))
        if number % 500 == 7:
            return "550 5.1.1 no such user"
        if first[address] == 1:
            if number % 50 == 3:
                return "450 4.2.0 come again"
            if number % 2000 == 11:
                return "hang"
        return None

    def at_mail(mail: EmailMessage) -> str | None:
        number = int(str(mail["To"]).partition("@")[0].removeprefix("p"))
        first[str(mail["Message-ID"])] += 1
        if first[str(mail["Message-ID"])] > 1:
            return None
        if number % 100 == 5:
            return "break"
        if number % 2000 == 13:
            return "hang"
        return "451 4.3.0 busy" if chance.random() < 0.01 else None

    post.at_recipient, post.at_mail = at_recipient, at_mail


def fill(site: Site, hook: str, count: int = PEOPLE) -> None:
    now = clock.now()
    row = {
        "topics": [one.value for one in Topic],
        "components": [],
        "wanted": {},
        "question": None,
        "asked_at": now,
        "confirmed_at": now,
        "created_at": now,
    }
    people = [
        {"kind": SubscriberKind.MAIL.value, "address": f"p{number}@example.com", "secret": ""} | row
        for number in range(count)
    ]
    webhook = {"kind": SubscriberKind.WEBHOOK.value, "address": hook, "secret": "s" * 48} | row
    with site.portal.core.open_session() as session:
        engine.begin_write(session)
        session.execute(insert(Subscriber), [*people, webhook])
        session.commit()


def settings(site: Site, post: Post, values: dict[str, Any], **more: str) -> dict[str, str]:
    return {
        **bare_environ(),
        "PORTAL_ENV": "test",
        "PORTAL_DATA_DIR": str(site.settings.data_dir),
        "PORTAL_SMTP_URL": f"smtp://127.0.0.1:{post.port}",
        "PORTAL_MAIL_FROM": "Test <status@example.com>",
        "PORTAL_MAIL_RATE": "100000/second",
        "PORTAL_ALLOWED_TARGETS": "127.0.0.1",
        "PYTHONPATH": str(ROOT),
        **({"PORTAL_DATABASE_URL": values["database_url"]} if values else {}),
        **more,
    }


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.fault(23)
@pytest.mark.parametrize("engine_name", ["sqlite", "postgresql"])
@pytest.mark.process
def test_ten_thousand_get_a_notice_whoever_dies(
    build: Build, request: pytest.FixtureRequest, engine_name: str
):
    chance = random.Random(20260607)
    values = database(request, engine_name)
    target = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    target.called = []  # type: ignore[attr-defined]
    threading.Thread(target=target.serve_forever, daemon=True).start()
    with serving(Post()) as post:
        mood(post, chance)
        site = mailing(build, post, values)
        fill(site, f"http://127.0.0.1:{target.server_port}/hook")
        environ = settings(site, post, values)

        def start() -> subprocess.Popen[bytes]:
            return subprocess.Popen([sys.executable, str(POSTMAN)], env=environ, cwd=ROOT)

        given = IncidentIn(title="Payments fail", impact="major", message="We look into it.")
        site.portal.status.incidents.open(By("test"), given)
        with site.portal.core.open_session() as session:
            # Publishing addressed nobody: it does not wait for ten thousand.
            assert session.query(Delivery).count() == 0

        process, deaths = start(), 0
        try:
            deadline = time.monotonic() + 900
            while open_deliveries(site) and time.monotonic() < deadline:
                time.sleep(chance.uniform(1.5, 3.5))
                if deaths < 12:
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                    deaths += 1
                    process = start()
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            target.shutdown()
            target.server_close()

    assert deaths >= 5
    told = Counter(address for address, _ in post.taken)
    assert doubled(post) <= deaths * CONNECTIONS
    assert not [address for address, count in told.items() if count > 2]
    refused = {f"p{number}@example.com" for number in range(PEOPLE) if number % 500 == 7}
    assert set(told) == {f"p{number}@example.com" for number in range(PEOPLE)} - refused
    assert len(set(target.called)) == 1  # type: ignore[attr-defined]
    with site.portal.core.open_session() as session:
        dead = session.query(Delivery).filter(Delivery.state == State.DEAD)
        assert dead.count() == len(refused)
        assert {row.error for row in dead} == {"The recipient: 550 5.1.1 no such user"}


def database(request: pytest.FixtureRequest, engine_name: str) -> dict[str, Any]:
    """The setting of a database of the engine; SQLite is the default."""
    if engine_name == "sqlite":
        return {}
    return {"database_url": fresh_database(request.getfixturevalue("postgres"))}


def mailing(build: Build, post: Post, values: dict[str, Any]) -> Site:
    server = MailServer("127.0.0.1", post.port, "offered")
    return build(smtp_url=server, mail_from="x@y.example", **values)


def doubled(post: Post) -> int:
    """To how many a mail came more than once; always the same mail.

    That is what was between the server's word and the commit of it when its sender died.
    """
    told = Counter(address for address, _ in post.taken)
    found = [address for address, count in told.items() if count > 1]
    for address in found:
        assert len({str(mail["Message-ID"]) for mail in post.to(address)}) == 1
    return len(found)


def open_deliveries(site: Site) -> bool:
    with site.portal.core.open_session() as session:
        is_left = session.query(Delivery).filter(Delivery.state.in_([State.PENDING, State.SENDING]))
        return is_left.count() > 0 or session.query(Delivery).count() < PEOPLE


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.fault(33)
@pytest.mark.parametrize("engine_name", ["sqlite", "postgresql"])
@pytest.mark.process
def test_nobody_waits_longer_than_a_minute_when_the_sender_dies(
    build: Build, request: pytest.FixtureRequest, engine_name: str
):
    people = 120
    values = database(request, engine_name)
    with serving(Post()) as post:
        site = mailing(build, post, values)
        fill(site, "https://hook.example/unused", people)
        # The lease and the claims of real life: another takes over when theirs have run out.
        environ = settings(site, post, values, PORTAL_MAIL_RATE="20/second", POSTMAN_LEASE="30")
        given = IncidentIn(title="Payments fail", impact="major", message="We look into it.")
        site.portal.status.incidents.open(By("test"), given)
        first, second = (
            subprocess.Popen([sys.executable, str(POSTMAN)], env=environ, cwd=ROOT)
            for _ in range(2)
        )
        try:
            until(lambda: len(post.taken) > 30, seconds=60, what="the first mails")
            leader = leading(site)
            assert leader in (first.pid, second.pid)
            os.kill(leader, signal.SIGKILL)
            died = clock.boot_seconds()
            with site.portal.core.open_session() as session:
                held = session.query(Delivery).filter(Delivery.state == State.SENDING)
                # A second's worth, of which half is measured: one more in it makes two.
                assert held.count() <= LEAST + 2 + 1
                later = clock.now() + CLAIMED_FOR + timedelta(seconds=1)
                assert outbox.figures(session, now=later).stuck == held.count()
            until(
                lambda: len({address for address, _ in post.taken}) == people,
                seconds=120,
                what="the last mail",
            )
            assert clock.boot_seconds() - died <= 60
        finally:
            for process in (first, second):
                process.send_signal(signal.SIGTERM)
                process.wait(60)
    assert doubled(post) <= CONNECTIONS


def leading(site: Site) -> int:
    with site.portal.core.open_session() as session:
        row = session.get(Lease, "notifications")
        assert row is not None
        return int(row.holder.split()[1])
