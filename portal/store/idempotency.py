"""Idempotency keys: a request that comes again gets the response of the first, and acts once."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import JSON, String, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.errors import ReusedKeyError
from portal.store.base import Base

R = TypeVar("R")
KEPT = timedelta(hours=24)


class StoredResponse(Base):
    """The response that a key was given; stored in the transaction of the act itself."""

    __tablename__ = "stored_response"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(index=True)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    version: Mapped[int]


@dataclass(frozen=True)
class IdempotencyKey:
    """A key with the request it came with; `render` makes the response to store."""

    key: str
    request: bytes
    render: Callable[[Any], dict[str, Any]]

    def find(self, session: Session) -> StoredResponse | None:
        """The response this key was given before; ReusedKeyError when the request differs."""
        response = session.get(StoredResponse, _hash(self.key.encode()))
        if response is not None and response.request_hash != _hash(self.request):
            raise ReusedKeyError
        return response

    def store(self, session: Session, row: Any, now: datetime) -> None:
        """Keep the response in the transaction of the act: of two at once only one can commit."""
        session.flush()
        session.add(
            StoredResponse(
                key=_hash(self.key.encode()),
                request_hash=_hash(self.request),
                created_at=now,
                body=self.render(row),
                version=row.version,
            )
        )


def once(
    open_session: Callable[[], Session], key: IdempotencyKey | None, act: Callable[[], R]
) -> R | StoredResponse:
    """What the act gives, or the response that its key was given before; without a key, the act.

    Of several at the same time one wins. However the others fail, by the database or by a rule
    that finds done what they want to do, its answer is theirs.
    """
    if key is None:
        return act()
    if (before := _found(open_session, key)) is not None:
        return before
    try:
        return act()
    except Exception:
        if (meanwhile := _found(open_session, key)) is None:
            raise
        return meanwhile


def _found(open_session: Callable[[], Session], key: IdempotencyKey) -> StoredResponse | None:
    with open_session() as session:
        return key.find(session)


def sweep(session: Session, *, now: datetime) -> None:
    session.execute(delete(StoredResponse).where(StoredResponse.created_at <= now - KEPT))


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
