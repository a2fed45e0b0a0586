"""API tokens: hashed, scoped, expiring, shown once."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import JSON, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.accounts.operators import AccountError
from portal.accounts.roles import Scope
from portal.audit import chain
from portal.store.base import Base

PREFIX = "portal"
MOST_DAYS = 366


class ApiToken(Base):
    """A named credential of a machine."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    def is_valid(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at

    def has(self, scope: Scope) -> bool:
        return scope.value in self.scopes


def create(
    session: Session, name: str, *, scopes: list[Scope], days: int, actor: str, at: datetime
) -> str:
    """Make a token and return its text, which is stored nowhere."""
    clean = name.strip()
    if not 2 <= len(clean) <= 64:
        raise AccountError("A token's name must have 2 to 64 characters.")
    if not scopes:
        raise AccountError("A token needs at least one scope.")
    if not 1 <= days <= MOST_DAYS:
        raise AccountError(f"A token can be valid for 1 to {MOST_DAYS} days.")
    if session.scalar(select(ApiToken).where(ApiToken.name == clean)):
        raise AccountError(f"A token named {clean} already exists.")
    text = f"{PREFIX}_{secrets.token_urlsafe(32)}"
    expires = at + timedelta(days=days)
    session.add(
        ApiToken(
            name=clean,
            secret_hash=_hash(text),
            scopes=sorted({scope.value for scope in scopes}),
            created_at=at,
            expires_at=expires,
        )
    )
    chain.append(
        session,
        "account.token.created",
        actor=actor,
        at=at,
        token=clean,
        scopes=sorted({scope.value for scope in scopes}),
        expires=expires.isoformat(),
    )
    return text


def find(session: Session, text: str, *, now: datetime) -> ApiToken | None:
    """The valid token of that text; unknown, expired and revoked are one answer."""
    token = session.scalar(select(ApiToken).where(ApiToken.secret_hash == _hash(text)))
    return token if token is not None and token.is_valid(now) else None


def listed(session: Session) -> list[ApiToken]:
    return list(session.scalars(select(ApiToken).order_by(ApiToken.name)))


def revoke(session: Session, name: str, *, actor: str, at: datetime) -> None:
    """End a token at once; AccountError when there is none of that name."""
    token = session.scalar(select(ApiToken).where(ApiToken.name == name))
    if token is None:
        raise AccountError(f"No token is named {name}.")
    token.revoked_at = token.revoked_at or at
    chain.append(session, "account.token.revoked", actor=actor, at=at, token=name)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
