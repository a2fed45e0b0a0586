"""What nobody needs to hear any more: settled in bulk, while the rest is sent."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.notify import outbox
from portal.notify.outbox import Delivery, State, superseding
from portal.status.notices import NEWS, Event
from portal.store.revision import transaction
from tests.clocks import StandingClock
from tests.notify import crowd
from tests.queries import counted
from tests.sites import Site

PEOPLE = 2000


def overtaken(site: Site, still: StandingClock, people: int = PEOPLE) -> tuple[int, int]:
    """A notice that nobody has got for long, and newer news of the same."""
    crowd.gather(site, people)
    old = crowd.tell(site)
    crowd.address_all(site)
    still.advance(minutes=16)
    new = crowd.tell(site, event=Event.ENDED)
    crowd.address_all(site)
    return old, new


@pytest.mark.fault(46)
def test_thousands_are_dropped_by_one_statement(either: Site, still: StandingClock):
    old, new = overtaken(either, still)
    with counted(either) as queries, transaction(either.portal.core.open_session) as (session, now):
        found = outbox.pairs(session, now=now)
        assert found == {(old, new)}
        count, _ = outbox.drop_superseded(session, outbox.Pair(old, new), now=now)
        assert count == PEOPLE
    queries.expect(5, "The pairs, how far, the deliveries, their number, and a word to others.")
    assert crowd.counted(either, old) == crowd.states(either, old) == {"dropped": PEOPLE}
    assert crowd.counted(either, new) == {"pending": PEOPLE}
    with either.portal.core.open_session() as session:
        assert outbox.pairs(session, now=still.now()) == set()


def test_only_who_hears_of_the_newer_is_spared_the_old(either: Site, still: StandingClock):
    old, new = overtaken(either, still, 30)
    with transaction(either.portal.core.open_session) as (session, now):
        late = session.scalars(
            select(Delivery).where(Delivery.notice_id == new).order_by(Delivery.id).limit(10)
        )
        for row in late:
            row.settle(State.DEAD, "no", now)
        session.flush()
        count, _ = outbox.drop_superseded(session, outbox.Pair(old, new), now=now)
        assert count == 20
    assert crowd.counted(either, old) == {"dropped": 20, "pending": 10}


def test_many_are_dropped_some_at_a_time(
    either: Site, still: StandingClock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(superseding, "SETTLED_AT_ONCE", 20)
    old, new = overtaken(either, still, 50)
    dropped, behind = list[int](), 0
    while behind is not None:
        with transaction(either.portal.core.open_session) as (session, now):
            pair = outbox.Pair(old, new)
            count, behind = outbox.drop_superseded(session, pair, behind=behind, now=now)
            dropped.append(count)
    assert dropped == [20, 20, 10, 0]


def test_all_that_waits_is_dropped_some_at_a_time(
    either: Site, still: StandingClock, monkeypatch: pytest.MonkeyPatch
):
    """After a restore, in one transaction: each statement has two seconds, however many wait."""
    monkeypatch.setattr(superseding, "SETTLED_AT_ONCE", 20)
    crowd.gather(either, 50)
    number = crowd.tell(either)
    crowd.address_all(either)
    with counted(either) as queries, transaction(either.portal.core.open_session) as (session, now):
        assert outbox.drop_all(session, "put back", now=now) == 50
    updates = [one for one in queries.statements if one.startswith("UPDATE delivery")]
    assert len(updates) == 3
    assert crowd.counted(either, number) == crowd.states(either, number) == {"dropped": 50}


def test_many_are_given_up_and_brought_back_some_at_a_time(
    either: Site, still: StandingClock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(superseding, "SETTLED_AT_ONCE", 20)
    crowd.gather(either, 50)
    old = crowd.tell(either)
    crowd.address_all(either)
    for _ in range(3):
        with transaction(either.portal.core.open_session) as (session, now):
            outbox.give_up(session, old, superseding.TOO_LATE, now=now)
    assert crowd.states(either, old) == {"dead": 1, "dropped": 49}
    for left in (29, 8, 0):
        with transaction(either.portal.core.open_session) as (session, now):
            (letter,) = outbox.dead_letters(session, limit=9)
            outbox.retry(session, letter.id, now=now)
        assert crowd.counted(either, old).get("dead", 0) == left
    assert crowd.states(either, old) == {"pending": 50}


def test_what_is_a_day_old_is_given_up_with_one_dead_letter(either: Site, still: StandingClock):
    crowd.gather(either, PEOPLE)
    old = crowd.tell(either)
    crowd.address_all(either)
    still.advance(seconds=(NEWS + timedelta(minutes=1)).total_seconds())
    with counted(either) as queries, transaction(either.portal.core.open_session) as (session, now):
        taken = outbox.claim(session, "mail", by="me", most=20, now=now)
        assert (taken, taken.settled) == ([], PEOPLE)
    queries.expect(16, "However many wait.")
    assert crowd.counted(either, old) == {"dead": PEOPLE}
    assert crowd.states(either, old) == {"dead": 1, "dropped": PEOPLE - 1}
    with transaction(either.portal.core.open_session) as (session, now):
        (letter,) = outbox.dead_letters(session, limit=9)
        assert letter.error == superseding.TOO_LATE
        # One word of an operator is for all of them.
        assert outbox.retry(session, letter.id, now=now) is not None
    assert crowd.counted(either, old) == crowd.states(either, old) == {"pending": PEOPLE}


def test_without_a_mail_server_one_dead_letter_speaks_for_everybody(either: Site):
    crowd.gather(either, PEOPLE)
    hook = {"kind": "webhook", "address": "https://hooks.example.com/x", "secret": "s"}
    crowd.gather(either, 1, **hook)
    number = crowd.tell(either)
    crowd.address_all(either, has_mail=False)
    assert crowd.states(either, number) == {"dead": 1, "pending": 1}
    with transaction(either.portal.core.open_session) as (session, now):
        (letter,) = outbox.dead_letters(session, limit=9)
        assert (letter.recipient, letter.queue) == ("mail", "mail")
        assert letter.error == "No mail server is set: 2000 not told"
        # Meanwhile there is one, and an operator tries again.
        outbox.retry(session, letter.id, now=now)
    crowd.address_all(either)
    assert crowd.states(either, number) == {"pending": PEOPLE + 1}
    assert crowd.counted(either, number) == {"pending": PEOPLE + 1}


def test_what_waits_when_the_server_is_taken_away_is_given_up(build, still: StandingClock):
    """One dead letter, said once."""
    from portal.store.lease import Fence
    from portal.worker.delivery import build_dispatcher

    site: Site = build()
    crowd.gather(site, 600)
    number = crowd.tell(site)
    crowd.address_all(site)
    dispatcher = build_dispatcher(site.portal, Fence())
    while dispatcher.run_once():
        pass
    dispatcher.stop()
    assert crowd.states(site, number) == {"dead": 1, "dropped": 599}
    assert crowd.counted(site, number) == {"dead": 600}
