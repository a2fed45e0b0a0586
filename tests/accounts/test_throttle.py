"""How many wrong passwords an account and an address have, and for how long."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

from portal.accounts import throttle
from portal.accounts.throttle import MOST_PER_ACCOUNT, MOST_PER_ADDRESS, SPAN, LoginFailure

NOW = datetime(2030, 6, 3, 12, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)


@pytest.fixture
def session() -> Iterator[Session]:
    """A database in memory that holds this one table."""
    engine = create_engine("sqlite://")
    LoginFailure.metadata.create_all(engine, tables=[LoginFailure.__table__])
    with Session(engine) as made:
        yield made
    engine.dispose()


def fail(
    session: Session, times: int, *, account: str = "ada", address: str = "a", at: datetime = NOW
) -> None:
    for _ in range(times):
        throttle.record(session, account=account, address=address, now=at)
    session.flush()


def waits(session: Session, account: str = "ada", address: str = "a") -> bool:
    return throttle.must_wait(session, account=account, address=address, now=NOW)


def test_an_account_has_five_tries_from_anywhere(session: Session):
    for number in range(MOST_PER_ACCOUNT):
        assert not waits(session, address="elsewhere"), number
        fail(session, 1, address=f"a{number}")
    assert waits(session, address="elsewhere")
    assert not waits(session, account="bob", address="elsewhere")


def test_an_address_has_twenty_tries_at_any_account(session: Session):
    for number in range(MOST_PER_ADDRESS):
        assert not waits(session, account="nobody"), number
        fail(session, 1, account=f"n{number}")
    assert waits(session, account="nobody")
    assert not waits(session, account="nobody", address="b")


@pytest.mark.parametrize(
    ("ago", "counts", "why"),
    [
        (timedelta(0), True, "just now"),
        (SPAN - TICK, True, "the last of it"),
        (SPAN, False, "a quarter of an hour is over"),
    ],
)
def test_what_is_a_quarter_of_an_hour_old_counts_no_more(session: Session, ago, counts, why):
    fail(session, MOST_PER_ACCOUNT, at=NOW - ago)
    assert waits(session) is counts, why
    throttle.sweep(session, now=NOW)
    left = session.scalar(select(func.count()).select_from(LoginFailure))
    assert bool(left) is counts, why


def test_a_right_password_clears_the_account_and_no_other(session: Session):
    fail(session, MOST_PER_ACCOUNT)
    fail(session, MOST_PER_ACCOUNT, account="bob")
    throttle.forget(session, account="ada")
    assert not waits(session)
    assert waits(session, account="bob")


def test_a_long_name_is_cut_to_its_column(session: Session):
    fail(session, 1, account="x" * 200)
    assert session.scalars(select(LoginFailure.account)).one() == "x" * 64
