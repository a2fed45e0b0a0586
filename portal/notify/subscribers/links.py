"""The links in mails: signed, not stored.

Whoever reads the database can neither confirm nor unsubscribe anybody.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.orm import Session

from portal.notify.subscribers.subscriber import CONFIRM_WITHIN, Subscriber


@dataclass(frozen=True)
class Links:
    """Makes and reads the signed parts of links."""

    secret_key: str

    def manage(self, subscriber: Subscriber) -> str:
        """Good as long as the subscriber is."""
        return self._signer("manage").dumps([subscriber.id, _stamp(subscriber)])

    def confirm(self, subscriber: Subscriber) -> str:
        """Good once, until another question is asked, and for two days."""
        return self._signer("confirm").dumps([subscriber.id, subscriber.question])

    def to_manage(self, session: Session, text: str) -> Subscriber | None:
        """The subscriber of a link, None when it is not ours or they are gone."""
        number, stamp = self._read("manage", text)
        row = session.get(Subscriber, number) if number is not None else None
        return row if row is not None and _stamp(row) == stamp else None

    def to_confirm(self, session: Session, text: str, *, now: datetime) -> Subscriber | None:
        """The subscriber whose question this answers, None when it was answered or is old."""
        number, question = self._read("confirm", text)
        row = session.get(Subscriber, number) if number is not None else None
        if row is None or row.question is None or row.question != question:
            return None
        return row if now - row.asked_at <= CONFIRM_WITHIN else None

    def _signer(self, use: str) -> URLSafeSerializer:
        return _signer_of(self.secret_key, use)

    def _read(self, use: str, text: str) -> tuple[int | None, Any]:
        try:
            number, rest = self._signer(use).loads(text)
        except (BadSignature, ValueError, TypeError):
            return None, None
        return (number, rest) if isinstance(number, int) else (None, None)


@cache
def _signer_of(secret_key: str, use: str) -> URLSafeSerializer:
    # There is a link in each of thousands of mails.
    return URLSafeSerializer(secret_key, salt=f"subscriber {use}")


def _stamp(subscriber: Subscriber) -> int:
    # Numbers of rows come again in SQLite; a link must not open somebody else's.
    return int(subscriber.created_at.timestamp() * 1000)
