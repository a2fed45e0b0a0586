"""Addresses of channels: whoever knows one can write into it, so that they are kept as secrets.

The database has an address encrypted, a keyed name by which the same one is found again, and what
is shown of it: its host and the end.
"""

import hmac
from hashlib import sha256
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.ciphers import Cipher, Keys
from portal.notify.subscribers.subscriber import Subscriber, SubscriberKind

# What is shorter would be told by its end.
_SHORTEST = 12
_SHOWN = 4
_AT_ONCE = 500


class Addresses:
    """Encrypts and names them with the first of the keys, and reads those of any."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._cipher = Cipher(keys, b"portal subscriber addresses")

    def put(self, row: Subscriber, url: str) -> None:
        """Give a channel its address."""
        row.address, row.canonical = shown(url), self.name(url)
        row.sealed = self._cipher.encrypt(url)

    def name(self, url: str) -> str:
        """The same for the same address, and for nobody without the key."""
        return _name(self._keys[0], url)

    def names(self, url: str) -> list[str]:
        """Under which one may stand: by each key, and as it is from an older version."""
        return [*self._keyed(url), url]

    def _keyed(self, url: str) -> list[str]:
        return [_name(key, url) for key in self._keys]

    def encrypt_plain(self, session: Session) -> None:
        """Encrypt some hundreds of those that an older version kept as they are."""
        plain = select(Subscriber).where(
            Subscriber.kind != SubscriberKind.MAIL, Subscriber.sealed.is_(None)
        )
        rows = session.scalars(plain.order_by(Subscriber.id).limit(_AT_ONCE)).all()
        named = Subscriber.canonical.in_([one for row in rows for one in self._keyed(row.address)])
        taken = {
            (row.kind, row.canonical) for row in session.scalars(select(Subscriber).where(named))
        }
        for row in rows:
            # An older version beside this one did not see that it was told already: it stays so.
            if not any((row.kind, name) in taken for name in self._keyed(row.address)):
                self.put(row, row.address)

    def is_current(self, stored: str) -> bool:
        """Whether the current key encrypted it; UnreadableError."""
        return self._cipher.is_current(stored)

    def of(self, row: Subscriber) -> str:
        """Where to send; UnreadableError when it was encrypted with another key."""
        return self._cipher.decrypt(row.sealed) if row.sealed else row.address


def _name(key: str, url: str) -> str:
    return hmac.new(key.encode(), f"subscriber address {url}".encode(), sha256).hexdigest()


def shown(url: str) -> str:
    """`https://hooks.slack.com/…X7f2`: the host, and the end of what is long enough."""
    parts = urlsplit(url)
    rest = f"{parts.path}?{parts.query}" if parts.query else parts.path
    end = rest[-_SHOWN:] if len(rest) > _SHORTEST else ""
    return f"{parts.scheme}://{parts.netloc}/…{end}"
