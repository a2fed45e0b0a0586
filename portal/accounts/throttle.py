"""Slowing down who guesses passwords, without locking anybody else out.

A try counts by account and address together, by address, and, far more slowly, by account alone.
An address from which the account was signed in before is let in whatever others do. A try is
counted before its password is looked at, so that many at once do not pass.
"""

from datetime import datetime, timedelta
from typing import TypedDict

from sqlalchemy import ColumnElement, String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.store.base import Base

SPAN = timedelta(minutes=15)
MOST_TOGETHER = 5
MOST_PER_ADDRESS = 20
MOST_PER_ACCOUNT = 100
KNOWN_FOR = timedelta(days=90)


class Where(TypedDict):
    """Of whom a try is, from where and when."""

    account: str
    address: str
    now: datetime


class LoginFailure(Base):
    """One try that was not right, or is under way; kept for the span only."""

    __tablename__ = "login_failure"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    account: Mapped[str] = mapped_column(String(64), index=True)
    address: Mapped[str] = mapped_column(String(64), index=True)


class KnownAddress(Base):
    """Where an account was signed in from; IPv6 by its /64."""

    __tablename__ = "known_address"

    account: Mapped[str] = mapped_column(String(64), primary_key=True)
    address: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]


def count(session: Session, *, account: str, address: str, now: datetime) -> LoginFailure:
    """Write a try down; to be committed before `wait` is asked."""
    row = LoginFailure(at=now, account=account, address=address)
    session.add(row)
    return row


def wait(session: Session, *, account: str, address: str, now: datetime) -> timedelta | None:
    """How long the try that was just counted must wait; None when it may go on."""
    by_account, by_address = LoginFailure.account == account, LoginFailure.address == address
    limits: list[tuple[ColumnElement[bool], int]] = [(by_account & by_address, MOST_TOGETHER)]
    if not _is_known(session, account=account, address=address, now=now):
        limits += [(by_address, MOST_PER_ADDRESS), (by_account, MOST_PER_ACCOUNT)]
    waits = [_wait(session, group, most, now) for group, most in limits]
    return max((one for one in waits if one is not None), default=None)


def _wait(
    session: Session, group: ColumnElement[bool], most: int, now: datetime
) -> timedelta | None:
    tries, oldest = session.execute(
        select(func.count(), func.min(LoginFailure.at)).where(group, LoginFailure.at > now - SPAN)
    ).one()
    return oldest + SPAN - now if tries > most else None


def _is_known(session: Session, *, account: str, address: str, now: datetime) -> bool:
    row = session.get(KnownAddress, (account, address))
    return row is not None and now - row.at < KNOWN_FOR


def succeed(session: Session, *, account: str, address: str, now: datetime) -> None:
    """A right password clears what was counted of the account here, and makes the place known."""
    session.execute(
        delete(LoginFailure).where(LoginFailure.account == account, LoginFailure.address == address)
    )
    session.merge(KnownAddress(account=account, address=address, at=now))


def forget(session: Session, *, account: str) -> None:
    """A new password: nothing that was counted of the account stands in its way."""
    session.execute(delete(LoginFailure).where(LoginFailure.account == account))


def sweep(session: Session, *, now: datetime) -> None:
    session.execute(delete(LoginFailure).where(LoginFailure.at <= now - SPAN))
    session.execute(delete(KnownAddress).where(KnownAddress.at <= now - KNOWN_FOR))
