"""A crowd of subscribers, a mail server with moods, and what the database says of both."""

import random
from collections import Counter
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from portal import clock
from portal.notify.outbox import Delivery, State
from portal.notify.subscribers import Subscriber, SubscriberKind, Topic
from portal.settings import MailServer
from portal.store import engine
from portal.store.lease import Lease
from tests.commands import bare_environ
from tests.conftest import Build
from tests.databases import fresh_database
from tests.notify.post import Post
from tests.processes import ROOT
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


def leading(site: Site) -> int:
    with site.portal.core.open_session() as session:
        row = session.get(Lease, "notifications")
        assert row is not None
        return int(row.holder.split()[1])
