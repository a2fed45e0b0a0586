"""Known and unknown channels are asked alike, their hosts not flooded, their addresses kept."""

import itertools
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.ciphers import UnreadableError
from portal.errors import RuleError
from portal.notify import subscribers
from portal.notify.subscribers import (
    ASK_AGAIN_AFTER,
    CONFIRM_WITHIN,
    Addresses,
    Subscriber,
    TooManyQuestionsError,
    codes,
    subscribing,
)
from tests.instants import NOW
from tests.notify.codes import ADDRESSES, LINKS, WHOLE, ask, questions


def test_known_and_unknown_channels_are_asked_alike(session: Session):
    row = ask(session)
    subscribers.answer(row, LINKS.code(row), LINKS, now=NOW)
    again = ask(session, topics=["maintenance"], now=NOW + ASK_AGAIN_AFTER)
    assert again is row
    assert (row.topics, row.confirmed_at) == (["incidents"], NOW)
    assert questions(session) == 2


def test_an_address_is_kept_as_a_secret(session: Session):
    row = ask(session, 7)
    whole = WHOLE.format(7)
    kept = f"{row.address} {row.canonical} {row.sealed} {row.queue}"
    assert "X0f2" not in kept
    assert row.address == "https://hooks.slack.com/…ret7"
    assert row.queue == "slack hooks.slack.com"
    assert ask(session, kind="webhook", address="https://a.example/x").queue == "reader a.example"
    assert ADDRESSES.of(row) == whole
    assert Addresses(("other",)).name(whole) != row.canonical
    with pytest.raises(UnreadableError):
        Addresses(("other",)).of(row)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.com/", "https://example.com/…"),
        ("https://example.com/short", "https://example.com/…"),
        ("https://example.com/hook?key=abcdef", "https://example.com/…cdef"),
    ],
)
def test_what_is_shown_of_an_address(url: str, shown: str):
    assert subscribers.addresses.shown(url) == shown


def test_one_host_is_not_flooded(session: Session, monkeypatch: pytest.MonkeyPatch):
    paths = itertools.count()

    def hook(host: str = "victim.example") -> Subscriber:
        return ask(session, kind="webhook", address=f"https://{host}/{next(paths)}")

    for _ in range(codes.MOST_TO_HOST):
        hook()
    with pytest.raises(TooManyQuestionsError):
        hook()
    hook("other.example")
    hook("victim.example.org")
    monkeypatch.setattr(codes, "MOST_TO_SERVICE", 2)
    ask(session, 1), ask(session, 2)
    with pytest.raises(TooManyQuestionsError):
        ask(session, 3)


def test_asking_again_counts_as_well(session: Session):
    sent, refused = 0, 0
    for minutes in range(0, 60, 10):
        for number in range(codes.MOST_TO_HOST - 1):
            try:
                address = f"https://victim.example/{number}"
                ask(session, kind="webhook", address=address, now=NOW + timedelta(minutes=minutes))
                sent += 1
            except TooManyQuestionsError:
                refused += 1
    assert questions(session) == sent == codes.MOST_TO_HOST
    assert refused
    ask(session, kind="webhook", address=address, now=NOW + timedelta(minutes=61))


@pytest.mark.parametrize("bound", ["MOST_IN_ALL", "MOST_UNCONFIRMED"])
def test_channels_and_mails_share_the_bounds(
    session: Session, monkeypatch: pytest.MonkeyPatch, bound: str
):
    ask(session, 1)
    monkeypatch.setattr(subscribing, bound, 1)
    with pytest.raises(TooManyQuestionsError):
        ask(session, 2)
    mail = subscribers.SubscriptionIn(address="ada@example.com")
    with pytest.raises(TooManyQuestionsError):
        subscribers.ask(session, mail, now=NOW)


def test_unknown_components_are_refused(session: Session):
    with pytest.raises(RuleError):
        ask(session, components=["nothing"])
    assert session.scalars(select(Subscriber)).all() == []


def test_who_never_answers_is_forgotten(session: Session):
    ask(session)
    subscribers.sweep(session, now=NOW + CONFIRM_WITHIN)
    assert session.scalars(select(Subscriber)).all() == []
