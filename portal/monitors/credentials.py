"""Credentials of monitors: encrypted in the database, read by who looks, shown to nobody.

The key comes from `PORTAL_SECRET_KEY`; those of a key that is gone cannot be read any more, and
must be typed again. A copy of the database alone gives none of them away.
"""

import json
from collections.abc import Mapping
from typing import Any

from portal import ciphers
from portal.ciphers import Cipher, Keys


class UnreadableError(ciphers.UnreadableError):
    """They were encrypted with another key."""

    def __init__(self) -> None:
        super().__init__(
            "The credentials cannot be read: the secret key has changed. Enter them again."
        )


class Credentials:
    """Encrypts with the first of the keys, and decrypts what any of them did."""

    def __init__(self, keys: Keys) -> None:
        self._cipher = Cipher(keys, b"portal monitor credentials")

    def encrypt(self, values: Mapping[str, Any]) -> str | None:
        """The values as text for the database; None for none."""
        given = {name: value for name, value in values.items() if value}
        return self._cipher.encrypt(json.dumps(given)) if given else None

    def decrypt(self, stored: str | None) -> dict[str, Any]:
        """The values again; UnreadableError when the key is another one."""
        if stored is None:
            return {}
        try:
            values: dict[str, Any] = json.loads(self._cipher.decrypt(stored))
        except ciphers.UnreadableError:
            raise UnreadableError from None
        return values

    def readable(self, stored: str | None) -> dict[str, Any]:
        """The same, and nothing where the key is another one."""
        try:
            return self.decrypt(stored)
        except UnreadableError:
            return {}

    def is_current(self, stored: str) -> bool:
        """Whether the current key encrypted them; UnreadableError of `portal.ciphers`."""
        return self._cipher.is_current(stored)

    def renewed(self, stored: str) -> str:
        """The same with the current key, as it stands where it has that; the same error."""
        return self._cipher.renewed(stored)
