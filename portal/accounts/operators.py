"""People who may enter the panel, and the link that makes the first of them."""

import hashlib
import re
import secrets
from datetime import datetime

from sqlalchemy import String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.accounts import passwords
from portal.accounts.roles import Role
from portal.audit import chain
from portal.store.base import Base

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{1,63}")


class AccountError(ValueError):
    """The text says what is wrong with the account."""


class Operator(Base):
    """Someone with a password and a role."""

    __tablename__ = "operator"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]

    @property
    def is_active(self) -> bool:
        return self.disabled_at is None


class FirstRun(Base):
    """The one link that may create the first operator, as a hash."""

    __tablename__ = "first_run"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64))


def has_any(session: Session) -> bool:
    """Whether an operator exists; from then on the first-run link is closed for good."""
    return bool(session.scalar(select(func.count()).select_from(Operator)))


def find(session: Session, name: str) -> Operator | None:
    """The operator of that name, whatever the case."""
    return session.scalar(select(Operator).where(Operator.name == name.strip().lower()))


def listed(session: Session) -> list[Operator]:
    return list(session.scalars(select(Operator).order_by(Operator.name)))


def create(
    session: Session,
    name: str,
    *,
    password: str,
    role: Role,
    actor: str,
    at: datetime,
    event: str = "account.operator.created",
) -> Operator:
    """Add an operator; AccountError or WeakPasswordError when that cannot be."""
    clean = name.strip().lower()
    if not _NAME.fullmatch(clean):
        raise AccountError("A name must have 2 to 64 characters: letters, digits and . _ @ -")
    if find(session, clean):
        raise AccountError(f"An operator named {clean} already exists.")
    operator = Operator(
        name=clean, password_hash=passwords.hash_password(password), role=role.value, created_at=at
    )
    session.add(operator)
    chain.append(session, event, actor=actor, at=at, name=clean, role=role.value)
    return operator


def new_first_run_link(session: Session) -> str | None:
    """A fresh one-time token, replacing any before it; None once an operator exists."""
    if has_any(session):
        return None
    token = secrets.token_urlsafe(32)
    session.execute(delete(FirstRun))
    session.add(FirstRun(id=1, token_hash=_hash(token)))
    return token


def is_first_run_token(session: Session, token: str, *, locks: bool = False) -> bool:
    """Whether `token` may still create the first operator; who is about to do so locks it."""
    row = session.get(FirstRun, 1, with_for_update=locks or None)
    return (
        row is not None
        and not has_any(session)
        and secrets.compare_digest(row.token_hash, _hash(token))
    )


def create_first(
    session: Session, token: str, *, name: str, password: str, at: datetime
) -> Operator | None:
    """Use the link up; None when it is not, or no longer, good."""
    if not is_first_run_token(session, token, locks=True):
        return None
    operator = create(
        session,
        name,
        password=password,
        role=Role.ADMIN,
        actor="first-run link",
        at=at,
        event="account.first_operator.created",
    )
    session.execute(delete(FirstRun))
    return operator


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
