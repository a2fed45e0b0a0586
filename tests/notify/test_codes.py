"""A channel counts only once the code that was sent into it was typed."""

import random
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from portal.notify import subscribers
from portal.notify.subscribers import ASK_AGAIN_AFTER, CONFIRM_WITHIN, MOST_TRIES
from tests.instants import NOW, TICK
from tests.notify.codes import LINKS, OTHERS, ask, questions


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
            dice.choice(others), "".join(near), earlier, OTHERS.code(row), "", right[:-1],
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
    for bad in ("", "x", forged, OTHERS.answer(row), LINKS.confirm(row), LINKS.manage(row)):
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
