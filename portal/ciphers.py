"""Secrets as the database holds them: encrypted with a key that is made from `PORTAL_SECRET_KEY`.

A copy of the database alone gives none of them away. What was encrypted with an earlier key is read
as long as that is among `PORTAL_SECRET_KEY_FALLBACKS`.
"""

import base64
from typing import Any

# The first one encrypts and signs; what the others did is still read.
Keys = tuple[str, ...]


class UnreadableError(ValueError):
    """It was encrypted with another key, or is none of ours."""


class Cipher:
    """Encrypts and decrypts for one use; the library is loaded when it is first used."""

    def __init__(self, keys: Keys, use: bytes) -> None:
        self._keys, self._use = keys, use
        self._known: Any = None

    def encrypt(self, text: str) -> str:
        encrypted: bytes = self._fernets()[0].encrypt(text.encode())
        return encrypted.decode()

    def decrypt(self, stored: str) -> str:
        """The text again; UnreadableError when it cannot be read."""
        return self._read(stored)[0]

    def is_current(self, stored: str) -> bool:
        """Whether the first key encrypted it; UnreadableError."""
        return self._read(stored)[1] == 0

    def renewed(self, stored: str) -> str:
        """The same by the first key, as it stands where that made it; UnreadableError."""
        text, number = self._read(stored)
        return self.encrypt(text) if number else stored

    def _read(self, stored: str) -> tuple[str, int]:
        from cryptography.fernet import InvalidToken

        for number, fernet in enumerate(self._fernets()):
            try:
                text: bytes = fernet.decrypt(stored.encode())
            except InvalidToken:
                continue
            return text.decode(), number
        raise UnreadableError

    def _fernets(self) -> list[Any]:
        if self._known is None:
            from cryptography.fernet import Fernet
            from cryptography.hazmat.primitives.hashes import SHA256
            from cryptography.hazmat.primitives.kdf.hkdf import HKDF

            made = [
                HKDF(SHA256(), 32, salt=None, info=self._use).derive(key.encode())
                for key in self._keys
            ]
            self._known = [Fernet(base64.urlsafe_b64encode(key)) for key in made]
        return self._known  # type: ignore[no-any-return]
