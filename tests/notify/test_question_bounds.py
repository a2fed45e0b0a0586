"""Only so many questions are sent, and addresses kept that never answered."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.notify import subscribers
from portal.notify.subscribers import ASK_AGAIN_AFTER, CONFIRM_WITHIN, Subscriber, subscribing
from tests.instants import HOUR, NOW, TICK
from tests.notify.subscribing import ask, questions, with_components
from tests.rows import subscriber as person


@pytest.fixture
def session(session: Session) -> Session:
    return with_components(session)


@pytest.mark.parametrize(
    ("later", "asked", "why"),
    [(ASK_AGAIN_AFTER - TICK, 1, "asked just now"), (ASK_AGAIN_AFTER, 2, "ten minutes ago")],
)
def test_whoever_asks_again_and_again_fills_no_mailbox(session: Session, later, asked, why):
    row = ask(session)
    assert row is not None
    first = row.question
    ask(session, now=NOW + later)
    assert questions(session) == asked, why
    assert (row.question != first) is (asked == 2)


def test_who_has_answered_may_be_asked_again_at_once(session: Session):
    row = ask(session)
    assert row is not None
    subscribers.confirm(row, now=NOW)
    ask(session, now=NOW + TICK, topics=["incidents"])
    assert questions(session) == 2


@pytest.mark.parametrize(
    ("bound", "addresses", "other"),
    [
        ("MOST_TO_MAILBOX", ["v+{n}@example.com"], "v_@example.com"),
        ("MOST_TO_DOMAIN", ["p{n}@example.com"], "p@sub.example.com"),
        ("MOST_IN_ALL", ["p@example{n}.com"], None),
    ],
)
def test_only_so_many_questions_are_sent_within_an_hour(
    session: Session, monkeypatch: pytest.MonkeyPatch, bound, addresses, other
):
    monkeypatch.setattr(subscribing, bound, 2)
    (pattern,) = addresses
    made = [pattern.format(n=number) for number in range(4)]
    for address in made[:2]:
        ask(session, address=address)
    # Whether the address is known makes no difference.
    for address in made[2:]:
        with pytest.raises(subscribers.TooManyQuestionsError):
            ask(session, address=address)
    assert questions(session) == 2
    if other is not None:
        ask(session, address=other)
    else:
        with pytest.raises(subscribers.TooManyQuestionsError):
            ask(session, address="somebody@elsewhere.example")
    ask(session, address=made[2], now=NOW + HOUR)
    assert questions(session) == (4 if other else 3)


def test_who_answers_makes_room(session: Session, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(subscribing, "MOST_TO_DOMAIN", 1)
    row = ask(session)
    assert row is not None
    with pytest.raises(subscribers.TooManyQuestionsError):
        ask(session, address="bob@example.com")
    subscribers.confirm(row, now=NOW)
    assert ask(session, address="bob@example.com") is not None


def test_only_so_many_addresses_that_never_answered_are_kept(
    session: Session, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(subscribing, "MOST_UNCONFIRMED", 2)
    for number in range(2):
        ask(session, address=f"p{number}@example.com")
    with pytest.raises(subscribers.TooManyQuestionsError):
        ask(session, address="p9@example.com", now=NOW + 2 * HOUR)
    known = session.scalars(select(Subscriber)).first()
    assert known is not None
    subscribers.confirm(known, now=NOW)
    assert ask(session, address="p9@example.com", now=NOW + 2 * HOUR) is not None


@pytest.mark.parametrize(
    ("age", "is_kept"), [(CONFIRM_WITHIN - TICK, True), (CONFIRM_WITHIN, False)]
)
def test_who_never_answers_is_forgotten(session: Session, age, is_kept):
    session.add_all(
        [person(1, confirmed_at=None, asked_at=NOW - age), person(2, asked_at=NOW - age)]
    )
    session.flush()
    subscribers.sweep(session, now=NOW)
    assert set(session.scalars(select(Subscriber.id))) == ({1, 2} if is_kept else {2})
