"""In which order a crowd is told: the urgent first, and nobody last every time."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal import clock
from portal.notify import outbox
from portal.notify.outbox import Delivery, Outcome, Result, State, subscriber_of
from portal.status.notices import Event, Notice, NoticeKind
from portal.store.revision import transaction
from tests.clocks import StandingClock
from tests.notify import crowd
from tests.sites import Site

PEOPLE = 2000


def take(site: Site, most: int) -> list[tuple[int, int | None]]:
    """Send the next; the notice and the reader of each."""
    with transaction(site.portal.core.open_session) as (session, now):
        taken = outbox.claim(session, "mail", by="me", most=most, now=now)
        sent = [(one, Outcome(one.delivery, Result.SENT)) for one in taken]
        outbox.settle(session, sent, now=now)
        return [(one.notice.id, subscriber_of(one.recipient)) for one in taken]


@pytest.mark.fault(46)
def test_an_incident_goes_before_all_that_waits(either: Site):
    crowd.gather(either, PEOPLE)
    window = crowd.tell(either, event=Event.ENDED)
    with transaction(either.portal.core.open_session) as (session, now):
        outbox.address(session, [], now=now)
    incident = crowd.tell(either, NoticeKind.INCIDENT, Event.OPENED, "INC-1")
    with transaction(either.portal.core.open_session) as (session, now):
        outbox.address(session, [], now=now)
        of = session.scalars(select(Delivery.notice_id)).all()
    assert of.count(window) == of.count(incident) == 500
    assert {number for number, _ in take(either, 500)} == {incident}
    crowd.address_all(either)
    told = []
    while part := take(either, 500):
        told += [number for number, _ in part]
    assert told == [incident] * 1500 + [window] * PEOPLE


def test_the_end_of_an_incident_takes_its_updates_along(
    either: Site, monkeypatch: pytest.MonkeyPatch
):
    """They go before what is not urgent and stay in their order, addressed or not."""
    monkeypatch.setattr("portal.notify.outbox.superseding.SETTLED_AT_ONCE", 4)
    crowd.gather(either, 10)
    window = crowd.tell(either)
    kind = NoticeKind.INCIDENT
    opened = crowd.tell(either, kind, Event.OPENED, "INC-1")
    first = crowd.tell(either, kind, Event.UPDATED, "INC-1")
    other = crowd.tell(either, kind, Event.UPDATED, "INC-2")
    crowd.address_all(either)
    second = crowd.tell(either, kind, Event.UPDATED, "INC-1", nth=2)
    over = crowd.tell(either, kind, Event.RESOLVED, "INC-1")
    crowd.address_all(either)
    told: list[int] = []
    while part := take(either, 3):
        told += [number for number, _ in part]
    order = (opened, first, second, over, window, other)
    assert told == [number for number in order for _ in range(10)]


def test_the_next_notice_begins_where_the_one_before_has_come_to(
    either: Site, still: StandingClock
):
    """Of three that overtake each other everyone has heard of one."""
    crowd.gather(either, 90)
    heard: list[int | None] = []
    for nth in range(3):
        crowd.tell(either, event=Event.CHANGED, nth=nth)
        crowd.address_all(either)
        with transaction(either.portal.core.open_session) as (session, now):
            for pair in outbox.pairs(session, now=now):
                outbox.drop_superseded(session, pair, now=now)
        heard += [reader for _, reader in take(either, 30)]
        still.advance(minutes=16)
    assert len(set(heard)) == 90


def test_who_heard_first_of_one_does_not_hear_first_of_all(either: Site):
    crowd.gather(either, 50)
    firsts = []
    for nth in range(4):
        crowd.tell(either, event=Event.CHANGED, nth=nth)
        crowd.address_all(either)
        told = take(either, 50)
        assert len({reader for _, reader in told}) == 50
        firsts.append(told[0][1])
    assert len(set(firsts)) == 4


def test_going_round_addresses_everyone_once(either: Site, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("portal.notify.outbox.addressing.AT_ONCE", 5)
    crowd.gather(either, 20)
    for first in (0, 3, 5, 10, 15, 19, 20):
        number = crowd.tell(either, event=Event.CHANGED, nth=first)
        with transaction(either.portal.core.open_session) as (session, _):
            row = session.get(Notice, number)
            assert row is not None
            row.first = row.position = first
        crowd.address_all(either)
        with either.portal.core.open_session() as session:
            found = session.scalars(
                select(Delivery.recipient).where(Delivery.notice_id == number).order_by(Delivery.id)
            ).all()
        order = [subscriber_of(one) for one in found]
        assert order == [*range(first + 1, 21), *range(1, first + 1)]
        assert crowd.notice(either, number).recipients == 20


def test_what_is_for_operators_alone_looks_at_no_subscriber(either: Site):
    from tests.queries import counted

    crowd.gather(either, PEOPLE)
    crowd.tell(either, NoticeKind.ALERT, Event.LASTS, "episode-1")
    with counted(either) as queries, transaction(either.portal.core.open_session) as (session, now):
        outbox.address(session, ["1-slack"], now=now)
    assert not [one for one in queries.statements if "subscriber" in one.lower()]
    with either.portal.core.open_session() as session:
        assert session.scalars(select(Delivery.recipient)).all() == ["chat 1-slack"]


def test_who_has_one_under_way_waits_for_the_next(either: Site):
    crowd.gather(either, 3)
    crowd.tell(either)
    crowd.address_all(either)
    with transaction(either.portal.core.open_session) as (session, now):
        outbox.claim(session, "mail", by="me", most=2, now=now)
    crowd.tell(either, NoticeKind.INCIDENT, Event.OPENED, "INC-1")
    crowd.address_all(either)
    with transaction(either.portal.core.open_session) as (session, now):
        taken = outbox.claim(session, "mail", by="me", most=9, now=now)
        assert len(taken) == 1
        assert session.query(Delivery).filter_by(state=State.SENDING.value).count() == 3


def test_a_retry_goes_out_again_when_it_is_due(either: Site, still: StandingClock):
    crowd.gather(either, 1)
    crowd.tell(either)
    crowd.address_all(either)
    with transaction(either.portal.core.open_session) as (session, now):
        (one,) = outbox.claim(session, "mail", by="me", most=9, now=now)
        outbox.settle(session, [(one, Outcome(one.delivery, Result.LATER, "busy"))], now=now)
        assert outbox.queues(session, now=now) == []
        assert outbox.queues(session, now=clock.now() + timedelta(minutes=2)) == ["mail"]
