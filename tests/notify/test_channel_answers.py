"""What the answer of a channel's service means, and who asks to be left alone."""

from datetime import timedelta
from typing import Any

import pytest

from portal import clock
from portal.notify import outbox
from portal.notify.outbox import Delivery
from portal.notify.subscribers import Subscriber
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.notify.channels import KINDS, Reached, channel, open_incident, put_question
from tests.notify.deliveries import states
from tests.notify.targets import listening, plain
from tests.sites import Site


@pytest.fixture
def site(build: Build) -> Site:
    return build(external_url="https://status.example.com")


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
