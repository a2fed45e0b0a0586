"""Credentials of monitors: encrypted in the database, read by who looks, shown to nobody.

The key comes from `PORTAL_SECRET_KEY`; with another one they cannot be read any more, and must be
typed again. A copy of the database alone gives none of them away.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

_INFO = b"portal monitor credentials"


class UnreadableError(ValueError):
    """They were encrypted with another key."""

    def __init__(self) -> None:
        super().__init__(
            "The credentials cannot be read: the secret key has changed. Enter them again."
        )


class Credentials:
    """Encrypts and decrypts with one key; the library is loaded when it is first used."""

    def __init__(self, secret_key: str) -> None:
        self._secret_key = secret_key
        self._known: Any = None

    def encrypt(self, values: Mapping[str, Any]) -> str | None:
        """The values as text for the database; None for none."""
        given = {name: value for name, value in values.items() if value}
        if not given:
            return None
        encrypted: bytes = self._cipher().encrypt(json.dumps(given).encode())
        return encrypted.decode()

    def decrypt(self, stored: str | None) -> dict[str, Any]:
        """The values again; UnreadableError when the key is another one."""
        if stored is None:
            return {}
        from cryptography.fernet import InvalidToken

        try:
            values: dict[str, Any] = json.loads(self._cipher().decrypt(stored.encode()))
        except InvalidToken:
            raise UnreadableError from None
        return values

    def readable(self, stored: str | None) -> dict[str, Any]:
        """The same, and nothing where the key is another one."""
        try:
            return self.decrypt(stored)
        except UnreadableError:
            return {}

    def _cipher(self) -> Any:
        if self._known is None:
            from cryptography.fernet import Fernet
            from cryptography.hazmat.primitives.hashes import SHA256
            from cryptography.hazmat.primitives.kdf.hkdf import HKDF

            key = HKDF(SHA256(), 32, salt=None, info=_INFO).derive(self._secret_key.encode())
            self._known = Fernet(base64.urlsafe_b64encode(key))
        return self._known
