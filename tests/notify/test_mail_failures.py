"""What a mail server refuses, puts off or breaks: a dead letter holds up nobody."""

from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from portal import clock
from portal.notify import outbox
from portal.notify.channels import mail
from portal.notify.channels.letters import Letters
from portal.notify.messages import Message
from portal.notify.outbox import Claim, claims
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.notify.deliveries import Told, an_incident, settings, states, subscribe
from tests.notify.post import Post, serving
from tests.patience import until
from tests.sites import Site


@pytest.fixture
def site(build: Build, post: Post) -> Site:
    return build(**settings(post))


def test_an_address_that_is_refused_is_a_dead_letter_and_holds_up_nobody(site: Site, post: Post):
    for name in ("ada", "gone", "eve"):
        subscribe(site, f"{name}@example.com")
    post.at_recipient = lambda address: (
        "550 5.1.1 <gone@example.com> no such user" if address.startswith("gone") else None
    )
    with Told(site) as told:
        site.portal.status.incidents.open(By("test"), an_incident())
        told.run()
    assert sorted(address for address, _ in post.taken) == ["ada@example.com", "eve@example.com"]
    with site.portal.core.open_session() as session:
        (letter,) = outbox.dead_letters(session, limit=10)
        assert letter.error == "The recipient: 550 5.1.1 no such user"
        assert outbox.figures(session, now=clock.now()).failed == 1


@pytest.mark.fault(23)
def test_what_is_put_off_is_tried_again_later(site: Site, post: Post, still: StandingClock):
    subscribe(site, "ada@example.com")
    answers = iter(["450 4.2.1 greylisted", "break", None])
    post.at_mail = lambda mail: next(answers)
    with Told(site) as told:
        site.portal.status.incidents.open(By("test"), an_incident())
        told.run()
        assert states(site) == {"pending": 1}
        still.advance(seconds=45)
        told.run()
        assert post.taken == []
        still.advance(seconds=30)
        told.run()
        still.advance(minutes=7)
        told.run()
    assert len(post.to("ada@example.com")) == 1
    assert states(site) == {"sent": 1}


@pytest.mark.fault(23)
def test_one_that_breaks_every_time_is_given_up(site: Site, post: Post, still: StandingClock):
    subscribe(site, "ada@example.com")
    post.at_mail = lambda mail: "break"
    with Told(site) as told:
        site.portal.status.incidents.open(By("test"), an_incident())
        told.run()
        for pause in claims.PAUSES:
            still.advance(seconds=pause.total_seconds() * 1.3)
            told.run()
    assert states(site) == {"dead": 1}
    with site.portal.core.open_session() as session:
        (letter,) = outbox.dead_letters(session, limit=10)
    assert letter.attempts == len(claims.PAUSES) + 1
    assert "No word came whether the mail was taken" in letter.error


@pytest.mark.fault(23)
def test_a_server_that_is_away_costs_no_tries(build: Build, post: Post, still: StandingClock):
    with serving(Post()) as other:
        pass  # its port is free now
    site = build(**settings(other))
    subscribe(site, "ada@example.com")
    with Told(site) as told:
        site.portal.status.incidents.open(By("test"), an_incident())
        for _ in range(30):
            until(told.is_quiet, what="a quiet moment")
            still.advance(minutes=5)
        assert states(site) == {"pending": 1}
        assert "Connection refused" in told.dispatcher.problem
        with serving(other, port=other.port):

            def is_there() -> bool:
                told.dispatcher.run_once()
                still.advance(seconds=10)
                return bool(other.taken)

            until(is_there, what="the mail")
            told.run()
    assert len(other.taken) == 1
    assert told.dispatcher.problem == ""


def test_one_that_cannot_be_written_holds_up_nobody(
    site: Site, post: Post, monkeypatch: pytest.MonkeyPatch
):
    for name in ("ada", "eve"):
        subscribe(site, f"{name}@example.com")
    write = Letters.write

    def stumble(letters: Letters, claim: Claim, message: Message) -> Any:
        assert claim.subscriber is not None
        if claim.subscriber.address.startswith("ada"):
            raise ValueError("nobody foresaw this")
        return write(letters, claim, message)

    monkeypatch.setattr(Letters, "write", stumble)
    with Told(site) as told:
        site.portal.status.incidents.open(By("test"), an_incident())
        told.run()
    assert [address for address, _ in post.taken] == ["eve@example.com"]
    assert states(site) == {"pending": 1, "sent": 1}


def test_what_came_back_is_kept_until_it_is_written(
    site: Site, post: Post, monkeypatch: pytest.MonkeyPatch
):
    subscribe(site, "ada@example.com")
    settle, failures = outbox.settle, iter([True, True])

    def busy(*args: Any, **kwargs: Any) -> None:
        if next(failures, False):
            raise OperationalError("settle", {}, Exception("database is locked"))
        settle(*args, **kwargs)

    monkeypatch.setattr(outbox, "settle", busy)
    monkeypatch.setattr(mail, "DATABASE_RETRY_SECONDS", 0.01)
    site.portal.status.incidents.open(By("test"), an_incident())
    with Told(site) as told:
        told.run()
    with Told(site) as told:
        told.run()
    assert len(post.taken) == 1
    assert states(site) == {"sent": 1}
