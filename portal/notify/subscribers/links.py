"""The links in mails and messages, and the codes in channels: signed, not stored.

Whoever reads the database can neither confirm nor unsubscribe anybody.
"""

import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.orm import Session

from portal.ciphers import Cipher, Keys, UnreadableError
from portal.notify.subscribers.subscriber import CONFIRM_WITHIN, Subscriber, SubscriberKind

# Base 32 of Crockford: no letter that is taken for a digit or for another letter.
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SAME = str.maketrans("OIL", "011")
_CODE_LENGTH = 8


@dataclass(frozen=True)
class Links:
    """Makes the signed parts of links with the first of the keys, and reads those of any."""

    keys: Keys

    def manage(self, subscriber: Subscriber) -> str:
        """Good as long as the subscriber is."""
        return self._signer("manage").dumps([subscriber.id, _stamp(subscriber)])

    def confirm(self, subscriber: Subscriber) -> str:
        """Good once, until another question is asked, and for two days."""
        return self._signer("confirm").dumps([subscriber.id, subscriber.question])

    def code(self, subscriber: Subscriber) -> str:
        """`K7M2-9XQF`: what is sent to a channel, good for its last question alone."""
        signs = _code(self.keys[0], subscriber)
        return f"{signs[:4]}-{signs[4:]}"

    def is_code(self, subscriber: Subscriber, typed: str) -> bool:
        """Whether the code was typed, however it was grouped; in the same time for all."""
        signs = [sign for sign in typed.upper() if sign.isalnum()]
        said = "".join(signs).translate(_SAME).encode()
        right = [hmac.compare_digest(said, _code(key, subscriber).encode()) for key in self.keys]
        return any(right)

    def answer(self, subscriber: Subscriber) -> str:
        """Where the code of a question is typed.

        It is encrypted: numbers of rows would tell who subscribed before.
        """
        return _cipher_of(self.keys).encrypt(json.dumps([subscriber.id, subscriber.question]))

    def to_answer(
        self, session: Session, text: str, *, now: datetime, locks: bool = False
    ) -> Subscriber | None:
        """The channel whose last question this is about, None when it was answered or is old.

        Whoever writes locks the row, so that two at once come one after the other.
        """
        try:
            number, question = json.loads(_cipher_of(self.keys).decrypt(text))
        except (UnreadableError, ValueError):
            return None
        row = _row(session, number, locks=locks)
        if row is None or row.kind == SubscriberKind.MAIL:
            return None
        return self._asked(row, question, now)

    def to_manage(self, session: Session, text: str, *, locks: bool = False) -> Subscriber | None:
        """The subscriber of a link, None when it is not ours or they are gone."""
        number, stamp = self._read("manage", text)
        row = _row(session, number, locks=locks)
        return row if row is not None and _stamp(row) == stamp else None

    def is_signed(self, text: str) -> bool:
        """Whether `to_manage` can read a link at all, whoever it was for."""
        return self._read("manage", text) != (None, None)

    def to_confirm(
        self, session: Session, text: str, *, now: datetime, locks: bool = False
    ) -> Subscriber | None:
        """The subscriber whose question this answers, None when it was answered or is old."""
        number, question = self._read("confirm", text)
        row = _row(session, number, locks=locks)
        if row is None or row.kind != SubscriberKind.MAIL:
            return None
        return self._asked(row, question, now)

    def _asked(self, row: Subscriber, question: str, now: datetime) -> Subscriber | None:
        if row.question is None or row.question != question:
            return None
        return row if now - row.asked_at <= CONFIRM_WITHIN else None

    def _signer(self, use: str) -> URLSafeSerializer:
        return _signer_of(self.keys, use)

    def _read(self, use: str, text: str) -> tuple[int | None, Any]:
        try:
            number, rest = self._signer(use).loads(text)
        except (BadSignature, ValueError, TypeError):
            return None, None
        return (number, rest) if isinstance(number, int) else (None, None)


def _row(session: Session, number: int | None, *, locks: bool) -> Subscriber | None:
    if number is None:
        return None
    return session.get(Subscriber, number, with_for_update=locks or None)


def _code(key: str, subscriber: Subscriber) -> str:
    asked = f"subscription code {subscriber.id} {subscriber.question}"
    digest = hmac.new(key.encode(), asked.encode(), sha256).digest()
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:_CODE_LENGTH])


@cache
def _signer_of(keys: Keys, use: str) -> URLSafeSerializer:
    # There is a link in each of thousands of mails. The library signs with the last one.
    return URLSafeSerializer(list(reversed(keys)), salt=f"subscriber {use}")


@cache
def _cipher_of(keys: Keys) -> Cipher:
    return Cipher(keys, b"portal subscription codes")


def _stamp(subscriber: Subscriber) -> int:
    # Numbers of rows come again in SQLite; a link must not open somebody else's.
    return int(subscriber.created_at.timestamp() * 1000)
