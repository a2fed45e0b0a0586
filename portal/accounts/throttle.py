"""Slowing down who guesses passwords, by account and by address."""

from datetime import datetime, timedelta

from sqlalchemy import String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.store.base import Base

SPAN = timedelta(minutes=15)
MOST_PER_ACCOUNT = 5
MOST_PER_ADDRESS = 20


class LoginFailure(Base):
    """One refused login; kept for the span only."""

    __tablename__ = "login_failure"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    account: Mapped[str] = mapped_column(String(64), index=True)
    address: Mapped[str] = mapped_column(String(64), index=True)


def must_wait(session: Session, *, account: str, address: str, now: datetime) -> bool:
    """Whether this account or this address has failed too often in the last 15 minutes."""
    recent = select(func.count()).where(LoginFailure.at > now - SPAN)
    by_account = session.scalar(recent.where(LoginFailure.account == account)) or 0
    by_address = session.scalar(recent.where(LoginFailure.address == address)) or 0
    return by_account >= MOST_PER_ACCOUNT or by_address >= MOST_PER_ADDRESS


def record(session: Session, *, account: str, address: str, now: datetime) -> None:
    session.add(LoginFailure(at=now, account=account[:64], address=address))


def forget(session: Session, *, account: str) -> None:
    """A right password clears the account's count."""
    session.execute(delete(LoginFailure).where(LoginFailure.account == account))


def sweep(session: Session, *, now: datetime) -> None:
    session.execute(delete(LoginFailure).where(LoginFailure.at <= now - SPAN))
