"""A crowd of channels asks as often as one of mailboxes, and leaves room for others."""

from typing import Any

import pytest

from portal import clock
from portal.notify import outbox, subscribers
from portal.notify.subscribers import ChannelIn, Subscriber
from portal.status.notices import Notice
from portal.store import engine
from portal.store.revision import transaction
from tests.conftest import Build
from tests.notify import crowd
from tests.notify.addresses import SLACK_URL, TEAMS_URL
from tests.notify.channels import KINDS, Reached
from tests.queries import counted
from tests.sites import Site


@pytest.fixture
def site(build: Build) -> Site:
    return build(external_url="https://status.example.com")


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
    with transaction(either.portal.core.open_session) as (session, now):
        queues = outbox.queues(session, now=now)
        assert queues == [
            "mail",
            "reader teams.example.com",
            "reader webhook.example.com",
            "slack slack.example.com",
        ]
    with (
        counted(either) as of_claim,
        transaction(either.portal.core.open_session) as (session, now),
    ):
        found = outbox.claim(session, queues[1], by="me", most=2, now=now)
        assert len(found) == 2
    of_claim.expect(8)


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
