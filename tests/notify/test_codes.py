"""A channel counts only once the code that was sent into it was typed."""

import itertools
import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.ciphers import UnreadableError
from portal.errors import RuleError
from portal.notify import subscribers
from portal.notify.subscribers import (
    ASK_AGAIN_AFTER,
    CONFIRM_WITHIN,
    MOST_TRIES,
    Addresses,
    ChannelIn,
    Links,
    Subscriber,
    TooManyQuestionsError,
    codes,
    subscribing,
)
from portal.status.notices import Notice
from tests.instants import NOW, TICK

LINKS, ADDRESSES = Links("secret"), Addresses("secret")
WHOLE = "https://hooks.slack.com/services/T0/B0/X0f2secret{}"


def ask(session: Session, number: int = 1, *, now: datetime = NOW, **values: Any) -> Subscriber:
    given = {"kind": "slack", "address": WHOLE.format(number), "topics": ["incidents"], **values}
    return subscribers.ask_channel(session, ChannelIn(**given), ADDRESSES, now=now)


def questions(session: Session) -> int:
    return len(session.scalars(select(Notice)).all())


def test_the_right_code_confirms_once_with_what_was_chosen(session: Session):
    row = ask(session)
    assert (row.confirmed_at, row.topics, row.by_reader) == (None, [], True)
    code = LINKS.code(row)
    assert subscribers.answer(row, f" {code.lower().replace('-', ' ')} ", LINKS, now=NOW)
    assert (row.confirmed_at, row.topics) == (NOW, ["incidents"])
    assert not subscribers.answer(row, code, LINKS, now=NOW)


def test_no_other_code_ever_confirms(session: Session):
    """Of others, of earlier questions, of other keys, near misses, and whatever else is typed."""
    dice = random.Random(20306)
    rows = [ask(session, number) for number in range(40)]
    every = {row.id: LINKS.code(row) for row in rows}
    assert len(set(every.values())) == len(rows)
    for row in rows:
        right = every[row.id]
        others = [code for number, code in every.items() if number != row.id]
        near = list(right)
        near[dice.choice([0, 3, 5, 8])] = "Z" if "Z" not in right else "Y"
        row.question, old = "another", row.question
        earlier = LINKS.code(row)
        row.question = old
        wrong = [
            dice.choice(others), "".join(near), earlier, Links("other").code(row), "", right[:-1],
            f"{right}0", right[::-1], "\u0661" * 8, "é" * 8, "%00", "0" * 8, str(row.question),
        ]  # fmt: skip
        for typed in wrong:
            if typed == right:
                continue
            row.tries = 0
            assert not subscribers.answer(row, typed, LINKS, now=NOW), (typed, right)
            assert row.tries == 1
            assert row.confirmed_at is None


def test_few_codes_can_be_tried_and_then_not_even_the_right_one_counts(session: Session):
    row = ask(session)
    for _ in range(MOST_TRIES):
        assert subscribers.has_tries(row)
        assert not subscribers.answer(row, "0000-0000", LINKS, now=NOW)
    assert not subscribers.has_tries(row)
    assert not subscribers.answer(row, LINKS.code(row), LINKS, now=NOW)
    assert row.confirmed_at is None
    # That makes nobody ask anew at once: the channel would be flooded by whoever guesses.
    assert ask(session) is row
    assert questions(session) == 1
    again = ask(session, now=NOW + ASK_AGAIN_AFTER)
    assert (again.tries, questions(session)) == (0, 2)


@pytest.mark.parametrize(
    ("age", "is_good"), [(CONFIRM_WITHIN, True), (CONFIRM_WITHIN + TICK, False)]
)
def test_a_code_grows_old(session: Session, age: timedelta, is_good: bool):
    row = ask(session)
    token = LINKS.answer(row)
    assert (LINKS.to_answer(session, token, now=NOW + age) is row) is is_good


def test_a_page_is_about_the_last_question_of_one_channel(session: Session):
    row = ask(session)
    token = LINKS.answer(row)
    assert LINKS.to_answer(session, token, now=NOW) is row
    forged = token[:-10] + ("A" if token[-10] != "A" else "B") + token[-9:]
    for bad in ("", "x", forged, Links("other").answer(row), LINKS.confirm(row), LINKS.manage(row)):
        assert LINKS.to_answer(session, bad, now=NOW) is None
    # The link of a mail confirms no channel.
    assert LINKS.to_confirm(session, LINKS.confirm(row), now=NOW) is None
    ask(session, now=NOW + ASK_AGAIN_AFTER)
    assert LINKS.to_answer(session, token, now=NOW) is None
    subscribers.answer(row, LINKS.code(row), LINKS, now=NOW)
    assert LINKS.to_answer(session, LINKS.answer(row), now=NOW) is None


def test_a_mails_question_is_not_answered_by_a_code(session: Session):
    row = ask(session)
    token = LINKS.answer(row)
    row.kind = "mail"
    assert LINKS.to_answer(session, token, now=NOW) is None


def test_a_webhook_has_a_key_for_its_signatures(session: Session):
    hook = ask(session, kind="webhook", address="https://hooks.example.com/x")
    assert len(hook.secret) == 48
    assert ask(session).secret == ""


def test_a_page_does_not_tell_who_was_there_before(session: Session):
    tokens = {len(LINKS.answer(ask(session, number))) for number in range(30)}
    assert len(tokens) == 1
    assert str(ask(session, 1).id) not in LINKS.answer(ask(session, 1)).split(".")


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
    assert Addresses("other").name(whole) != row.canonical
    with pytest.raises(UnreadableError):
        Addresses("other").of(row)


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
