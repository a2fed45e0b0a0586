"""What the answer of a channel's service means, and who asks to be left alone."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from portal import clock
from portal.notify import outbox, subscribers
from portal.notify.outbox import Delivery
from portal.notify.subscribers import ChannelIn, Subscriber
from portal.status.notices import Notice
from portal.store import engine
from portal.store.revision import transaction
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.notify import crowd
from tests.notify.addresses import SLACK_URL, TEAMS_URL
from tests.notify.channels import KINDS, Reached, channel, open_incident, put_question
from tests.notify.deliveries import states
from tests.notify.targets import listening, plain
from tests.queries import counted
from tests.sites import Site


@pytest.fixture
def site(build: Build) -> Site:
    return build(external_url="https://status.example.com")


@pytest.fixture
def target() -> Iterator[Any]:
    with listening(plain(200)) as server:
        yield server


@pytest.mark.parametrize(
    ("kind", "status", "state", "is_kept"),
    [
        ("slack", 200, "sent", True),
        ("teams", 202, "sent", True),
        ("slack", 404, "dropped", False),
        ("slack", 410, "dropped", False),
        ("teams", 404, "dropped", False),
        ("teams", 410, "dropped", False),
        ("webhook", 410, "dropped", False),
        ("webhook", 404, "dead", True),
        ("slack", 403, "dead", True),
        ("slack", 302, "dead", True),
        ("teams", 500, "pending", True),
        ("slack", 429, "pending", True),
    ],
)
def test_what_a_service_answers_counts(
    site: Site, kind: str, status: int, state: str, is_kept: bool
):
    with listening(plain(status)) as server:
        number = channel(site, server, kind)
        open_incident(site)
        with Reached(site) as told:
            told.run()
        assert len(server.calls) == 1  # type: ignore[attr-defined]
    assert states(site) == {state: 1}
    with site.portal.core.open_session() as session:
        assert (session.get(Subscriber, number) is not None) is is_kept


@pytest.mark.parametrize(
    ("said", "least"),
    [("1", 40), ("600", 600), ("999999999999", 3600), ("soon", 40), ("-5", 40), ("\u0663", 40)],
)
def test_who_asks_to_be_left_alone_is(site: Site, still: StandingClock, said: str, least: int):
    answer = plain(429, Retry_After=said) if said.isascii() else plain(429)
    with listening(answer) as server:
        channel(site, server, "slack")
        open_incident(site)
        with Reached(site) as told:
            told.run()
    with site.portal.core.open_session() as session:
        (row,) = session.query(Delivery)
        assert timedelta(seconds=least) <= row.due_at - clock.now() <= timedelta(hours=1, minutes=1)


@pytest.mark.parametrize("status", [404, 410, 500, 302])
@pytest.mark.parametrize("kind", KINDS)
def test_a_question_is_sent_once_whatever_comes_back(
    site: Site, still: StandingClock, kind: str, status: int
):
    with listening(plain(status)) as server:
        number = channel(site, server, kind, confirmed_at=None, question="q")
        put_question(site, number)
        with Reached(site) as told:
            told.run()
            still.advance(hours=5)
            told.run()
        assert len(server.calls) == 1  # type: ignore[attr-defined]
    assert states(site) == {"dropped": 1}
    with site.portal.core.open_session() as session:
        assert session.get(Subscriber, number) is not None
        assert outbox.dead_letters(session, limit=5) == []


@pytest.mark.parametrize("kind", KINDS)
def test_asking_and_answering_works_on_both_databases(either: Site, kind: str):
    url = {"slack": SLACK_URL, "teams": TEAMS_URL, "webhook": "https://example.com/hook"}[kind]
    asked = ChannelIn.model_validate({"kind": kind, "address": url})
    room, now = either.portal.notify, clock.now()
    for _ in range(2):
        with either.portal.core.open_session() as session:
            engine.begin_write(session)
            row = subscribers.ask_channel(session, asked, room.addresses, now=now)
            token = room.links.answer(row)
            session.commit()
    with either.portal.core.open_session() as session:
        engine.begin_write(session)
        found = room.links.to_answer(session, token, now=now)
        assert found is not None
        assert not subscribers.answer(found, "0000-0000", room.links, now=now)
        assert subscribers.answer(found, room.links.code(found), room.links, now=now)
        session.commit()
    with either.portal.core.open_session() as session:
        (row,) = session.query(Subscriber)
        assert (row.confirmed_at, row.question, row.tries) == (now, None, 2)
        assert subscribers.counts(session).model_dump()[kind] == 1
        assert session.query(Notice).count() == 1


def test_a_notice_to_a_crowd_of_all_kinds_asks_as_often_as_one_to_mailboxes(either: Site):
    """Addressing thousands; and a handful of a channel takes as few queries as one of mails."""
    crowd.gather(either, 1500)
    number = crowd.tell(either)
    with counted(either) as of_mails:
        crowd.address_all(either)
    assert crowd.counted(either, number) == {"pending": 1500}
    now = clock.now()
    with either.portal.core.open_session() as session:
        rows = session.query(Subscriber).order_by(Subscriber.id).all()
        for place, row in enumerate(rows):
            row.kind = ["mail", "slack", "teams", "webhook"][place % 4]
            row.by_reader = row.kind != "mail"
            if row.by_reader:
                row.address = f"https://{row.kind}.example.com/…{row.id}"
        session.commit()
    other = crowd.tell(either, ref="m-2")
    with counted(either) as of_all:
        crowd.address_all(either)
    assert crowd.counted(either, other) == {"pending": 1500}
    assert len(of_all) == len(of_mails)
    with transaction(either.portal.core.open_session) as (session, _):
        queues = outbox.queues(session, now=now + timedelta(seconds=1))
        assert queues == [
            "mail",
            "reader teams.example.com",
            "reader webhook.example.com",
            "slack slack.example.com",
        ]
    with counted(either) as of_claim, transaction(either.portal.core.open_session) as (session, _):
        found = outbox.claim(session, queues[1], by="me", most=2, now=now + timedelta(seconds=1))
        assert len(found) == 2
    of_claim.expect(8)


def test_with_another_key_nothing_is_called(site: Site, target: Any):
    channel(site, target, "slack", sealed=None)
    with site.portal.core.open_session() as session:
        session.query(Subscriber).update({"sealed": "gAAAA"})
        session.commit()
    open_incident(site)
    with Reached(site) as told:
        told.run()
    assert target.calls == []
    with site.portal.core.open_session() as session:
        (letter,) = outbox.dead_letters(session, limit=5)
    assert letter.error == "The secret key has changed"


def test_slow_channels_of_readers_leave_room_for_others(site: Site):
    with Reached(site) as told:
        room = told.dispatcher._room
        assert room("reader a.example") == 2
        for number in range(12):
            claim: Any = type("Claim", (), {"queue": f"reader h{number}.example"})()
            told.dispatcher._calls[claim] = claim
        assert room("reader a.example") == 0
        assert room("webhook a.example") == 2
        assert room("slack hooks.slack.com") == 4
        told.dispatcher._calls.clear()
