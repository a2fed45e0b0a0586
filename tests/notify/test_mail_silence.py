"""What is told after a silence: the last word alone, and nothing that is a day old."""

import pytest

from portal import clock
from portal.notify import outbox, subscribers
from portal.status.incidents import UpdateIn
from portal.store import engine
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.notify.deliveries import Told, an_incident, settings, states, subscribe
from tests.notify.post import Post
from tests.sites import Site


@pytest.fixture
def site(build: Build, post: Post) -> Site:
    return build(**settings(post))


def test_what_was_put_off_is_not_told_after_the_end(site: Site, post: Post, still: StandingClock):
    subscribe(site, "ada@example.com")
    answers = iter(["450 4.2.1 greylisted"])
    post.at_mail = lambda mail: next(answers, None)
    status = site.portal.status
    with Told(site) as told:
        row = status.incidents.open(By("test"), an_incident())
        told.run()
        end = UpdateIn(status="resolved", message="Over.", root_cause_category="other")
        status.incidents.update(By("test"), row.reference, end)
        told.run()
        still.advance(minutes=5)
        told.run()
    assert [mail["Subject"] for mail in post.to("ada@example.com")] == [
        "[Test status] Resolved: Payments fail"
    ]
    assert states(site) == {"sent": 1, "dropped": 1}


def test_what_a_dead_node_had_taken_is_given_back(mailing: Site, post: Post, still: StandingClock):
    for name in ("ada", "eve"):
        subscribe(mailing, f"{name}@example.com")
    mailing.portal.status.incidents.open(By("test"), an_incident())
    with Told(mailing) as told:
        told.dispatcher._address(clock.now())
        with mailing.portal.core.open_session() as session:
            engine.begin_write(session)
            taken = outbox.claim(session, "mail", by="elsewhere 1", most=1, now=clock.now())
            assert len(taken) == 1
            session.commit()

        told.run()
    assert sorted(address for address, _ in post.taken) == ["ada@example.com", "eve@example.com"]


def test_who_delivers_may_change(site: Site, post: Post):
    subscribe(site, "ada@example.com")
    with Told(site) as first, Told(site) as second:
        for told, title in ((first, "One"), (second, "Two"), (first, "Three")):
            site.portal.status.incidents.open(By("test"), an_incident(title=title))
            told.dispatcher.take_over()
            told.run()
    assert len(post.taken) == 3


def test_after_a_long_silence_of_the_server_only_the_last_word_is_sent(
    site: Site, post: Post, still: StandingClock
):
    subscribe(site, "ada@example.com")
    status = site.portal.status
    row = status.incidents.open(By("test"), an_incident())
    with Told(site) as told:
        told.dispatcher._address(clock.now())
        still.advance(minutes=20)
        status.incidents.update(
            By("test"), row.reference, UpdateIn(status="identified", message="x")
        )
        told.run()
    assert [str(mail["Subject"]).split("] ")[1] for _, mail in post.taken] == [
        "Identified: Payments fail"
    ]


def test_what_is_a_day_old_is_no_news(site: Site, post: Post, still: StandingClock):
    subscribe(site, "ada@example.com")
    site.portal.status.incidents.open(By("test"), an_incident())
    with Told(site) as told:
        told.dispatcher._address(clock.now())
        still.advance(days=1, minutes=1)
        told.run()
    assert post.taken == []
    assert states(site) == {"dead": 1}


def test_who_unsubscribes_hears_no_more(site: Site, post: Post):
    subscribe(site, "ada@example.com")
    site.portal.status.incidents.open(By("test"), an_incident())
    with Told(site) as told:
        told.dispatcher._address(clock.now())
        with site.portal.core.open_session() as session:
            engine.begin_write(session)
            session.query(subscribers.Subscriber).delete()
            session.commit()
        told.run()
    assert post.taken == []
    assert states(site) == {"dropped": 1}
