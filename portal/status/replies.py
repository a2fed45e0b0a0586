"""Replies kept under an idempotency key, so that a repeated request acts once."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, String, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.store.base import Base

KEPT = timedelta(hours=24)


class KeptReply(Base):
    """The answer that a key was given; stored with the change itself."""

    __tablename__ = "kept_reply"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(index=True)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    version: Mapped[int]


def sweep(session: Session, *, now: datetime) -> None:
    session.execute(delete(KeptReply).where(KeptReply.created_at <= now - KEPT))
