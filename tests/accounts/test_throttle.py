"""How many wrong passwords are borne, from where, and who is let in whatever others do."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounts import throttle
from portal.accounts.throttle import (
    KNOWN_FOR,
    MOST_PER_ACCOUNT,
    MOST_PER_ADDRESS,
    MOST_TOGETHER,
    SPAN,
    KnownAddress,
    LoginFailure,
)
from tests.instants import NOW, TICK


def fail(
    session: Session, times: int, *, account: str = "ada", address: str = "a", at: datetime = NOW
) -> None:
    for _ in range(times):
        throttle.count(session, account=account, address=address, now=at)
    session.flush()


def wait(session: Session, account: str = "ada", address: str = "a") -> timedelta | None:
    """How long one more try would wait."""
    row = throttle.count(session, account=account, address=address, now=NOW)
    session.flush()
    found = throttle.wait(session, account=account, address=address, now=NOW)
    session.delete(row)
    session.flush()
    return found


def test_an_account_has_five_tries_from_one_address(session: Session):
    for number in range(MOST_TOGETHER):
        assert wait(session) is None, number
        fail(session, 1)
    assert wait(session) == SPAN
    assert wait(session, address="elsewhere") is None
    assert wait(session, account="bob") is None


def test_an_address_has_twenty_tries_at_any_account(session: Session):
    for number in range(MOST_PER_ADDRESS):
        assert wait(session, account="nobody") is None, number
        fail(session, 1, account=f"n{number}")
    assert wait(session, account="nobody") == SPAN
    assert wait(session, account="nobody", address="b") is None


def test_an_account_is_slowed_down_at_last_but_where_it_is_known(session: Session):
    throttle.succeed(session, account="ada", address="home", now=NOW)
    for number in range(MOST_PER_ACCOUNT):
        assert number % 20 or wait(session, address="new") is None
        fail(session, 1, address=f"a{number}")
    assert wait(session, address="new") == SPAN
    assert wait(session, address="home") is None
    assert wait(session, account="bob", address="new") is None


def test_a_known_place_is_let_in_though_others_there_guess(session: Session):
    throttle.succeed(session, account="ada", address="a", now=NOW)
    fail(session, MOST_PER_ADDRESS, account="bob")
    assert wait(session, account="eve") is not None
    assert wait(session, account="ada") is None
    # Not even there without an end.
    fail(session, MOST_TOGETHER)
    assert wait(session, account="ada") is not None


@pytest.mark.parametrize(("ago", "is_known"), [(KNOWN_FOR - TICK, True), (KNOWN_FOR, False)])
def test_a_place_is_known_for_so_long(session: Session, ago, is_known):
    throttle.succeed(session, account="ada", address="a", now=NOW - ago)
    fail(session, MOST_PER_ADDRESS, account="bob")
    assert (wait(session) is None) is is_known
    throttle.sweep(session, now=NOW)
    assert session.scalar(select(func.count()).select_from(KnownAddress)) == int(is_known)


@pytest.mark.parametrize(
    ("ago", "left", "why"),
    [
        (timedelta(0), SPAN, "just now"),
        (SPAN - TICK, TICK, "the last of it"),
        (SPAN, None, "a quarter of an hour is over"),
    ],
)
def test_what_is_a_quarter_of_an_hour_old_counts_no_more(session: Session, ago, left, why):
    fail(session, MOST_TOGETHER, at=NOW - ago)
    assert wait(session) == left, why
    throttle.sweep(session, now=NOW)
    kept = session.scalar(select(func.count()).select_from(LoginFailure))
    assert bool(kept) is (left is not None), why


def test_a_right_password_clears_the_account_here_and_no_other(session: Session):
    fail(session, MOST_TOGETHER)
    fail(session, MOST_TOGETHER, address="b")
    fail(session, MOST_TOGETHER, account="bob")
    throttle.succeed(session, account="ada", address="a", now=NOW)
    assert wait(session) is None
    assert wait(session, address="b") is not None
    assert wait(session, account="bob") is not None


def test_a_new_password_clears_the_account_everywhere(session: Session):
    for address in ("a", "b"):
        fail(session, MOST_TOGETHER, address=address)
    fail(session, MOST_TOGETHER, account="bob")
    throttle.forget(session, account="ada")
    assert wait(session) is None
    assert wait(session, address="b") is None
    assert wait(session, account="bob") is not None
