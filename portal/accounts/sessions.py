"""Sessions on the server's side: revocable, 30 minutes idle, 12 hours at most."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, String, delete, or_
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.store.base import Base

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
_TOUCH_EVERY = timedelta(seconds=60)
_CLOCKS_DIFFER = timedelta(seconds=60)


class WebSession(Base):
    """What a browser's cookie stands for; the cookie itself is stored as a hash."""

    __tablename__ = "web_session"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(index=True)
    operator_id: Mapped[int | None] = mapped_column(index=True)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)

    def is_alive(self, now: datetime) -> bool:
        # One that was seen in the future met a clock that was set back since; it could have run
        # out already, and is not brought back to life.
        return -_CLOCKS_DIFFER < now - self.seen_at < IDLE and now - self.created_at < LONGEST

    def is_due(self, now: datetime) -> bool:
        """Whether its idle end is to be put off; at most one write a minute."""
        return now - self.seen_at >= _TOUCH_EVERY


def new_cookie() -> str:
    return secrets.token_urlsafe(32)


def key_of(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()


def end_all_of(session: Session, operator_id: int) -> None:
    """Log an operator out everywhere."""
    session.execute(delete(WebSession).where(WebSession.operator_id == operator_id))


def sweep(session: Session, *, now: datetime) -> None:
    session.execute(
        delete(WebSession).where(
            or_(
                WebSession.seen_at <= now - IDLE,
                WebSession.seen_at > now + _CLOCKS_DIFFER,
                WebSession.created_at <= now - LONGEST,
            )
        )
    )
