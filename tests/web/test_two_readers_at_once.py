"""What readers ask for twice at once, as by a double click, is done once and never fails."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from itertools import product

import pytest
from sqlalchemy.orm import Session

from portal.errors import NotFoundError
from portal.notify import subscribers
from portal.notify.subscribers import Subscriber, SubscriptionIn
from portal.status.notices import Notice
from portal.store.revision import transaction
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.databases import fresh_database
from tests.notify.addresses import SLACK_URL
from tests.sites import Site
from tests.two_at_once import at_once

ADDRESS = "ada@example.com"


@pytest.fixture
def site(build: Build, postgres: str) -> Site:
    return build(
        database_url=fresh_database(postgres),
        smtp_url="smtp://mail.example.com",
        external_url="https://status.example.com",
    )


class Reader:
    """Somebody who is told, and was asked again some time ago."""

    def __init__(self, site: Site) -> None:
        self.site, links = site, site.portal.notify.links
        with transaction(site.portal.core.open_session) as (session, now):
            session.query(Notice).delete()
            session.query(Subscriber).delete()
            row = self._asked(session, now - 2 * subscribers.ASK_AGAIN_AFTER, "announcements")
            subscribers.confirm(row, now=now)
            self._asked(session, now - subscribers.ASK_AGAIN_AFTER, "incidents")
        self.question, self.link = links.confirm(row), links.manage(row)

    @staticmethod
    def _asked(session: Session, at: datetime, *topics: str) -> Subscriber:
        subscribers.ask(session, SubscriptionIn(address=ADDRESS, topics=list(topics)), now=at)
        return session.query(Subscriber).one()

    def _post(self, path: str, **form: object) -> int:
        return int(self.site.client().post(path, data=form).status_code)

    def subscribe(self) -> int:
        return self._post("/subscribe", address=ADDRESS, topics=["incidents"])

    def confirm(self) -> int:
        return self._post(f"/subscribe/{self.question}")

    def choose(self) -> int:
        return self._post(f"/subscription/{self.link}", topics=["maintenance"])

    def end(self) -> int:
        return self._post(f"/unsubscribe/{self.link}")


ACTS = (Reader.subscribe, Reader.confirm, Reader.choose, Reader.end)


def told(site: Site) -> list[object]:
    with site.portal.core.open_session() as session:
        people = session.query(Subscriber).all()
        notices = session.query(Notice).count()
    return [notices, *((one.address, one.topics, one.question is None) for one in people)]


@pytest.mark.parametrize(("first", "second"), list(product(ACTS, repeat=2)))
def test_one_comes_after_the_other(
    site: Site, first: Callable[[Reader], int], second: Callable[[Reader], int]
):
    serial = []
    for one, other in ((first, second), (second, first)):
        reader = Reader(site)
        given = [one(reader), other(reader)]
        serial.append((sorted(given), told(site)))
    reader = Reader(site)
    given = list(at_once(site.portal.core.engine, partial(first, reader), partial(second, reader)))
    assert (sorted(given), told(site)) in serial


def test_who_is_new_is_asked_once(site: Site):
    reader = Reader(site)
    reader.end()
    assert at_once(site.portal.core.engine, reader.subscribe, reader.subscribe) == (303, 303)
    assert told(site) == [3, (ADDRESS, [], False)]


def test_a_channel_that_is_asked_again_is_asked_once(site: Site, still: StandingClock):
    reader = Reader(site)

    def ask() -> int:
        return reader._post("/subscribe", kind="slack", address=SLACK_URL, topics=["incidents"])

    assert ask() == 303
    still.advance(seconds=subscribers.ASK_AGAIN_AFTER.total_seconds())
    before = told(site)[0]
    assert at_once(site.portal.core.engine, ask, ask) == (303, 303)
    assert told(site)[0] == before + 1


def test_who_is_removed_while_leaving_is_removed_once(site: Site):
    reader = Reader(site)

    def remove() -> None:
        with site.portal.core.open_session() as session:
            number = session.query(Subscriber).one().id
        with suppress(NotFoundError):
            site.portal.notify.subscribers.remove(By("ada"), number)

    at_once(site.portal.core.engine, reader.end, remove)
    assert told(site) == [2]
