"""Secrets as the database holds them: encrypted with a key that is made from `PORTAL_SECRET_KEY`.

A copy of the database alone gives none of them away; with another key none can be read any more.
"""

import base64
from typing import Any


class UnreadableError(ValueError):
    """It was encrypted with another key, or is none of ours."""


class Cipher:
    """Encrypts and decrypts for one use; the library is loaded when it is first used."""

    def __init__(self, secret_key: str, use: bytes) -> None:
        self._secret_key, self._use = secret_key, use
        self._known: Any = None

    def encrypt(self, text: str) -> str:
        encrypted: bytes = self._fernet().encrypt(text.encode())
        return encrypted.decode()

    def decrypt(self, stored: str) -> str:
        """The text again; UnreadableError when it cannot be read."""
        from cryptography.fernet import InvalidToken

        try:
            text: bytes = self._fernet().decrypt(stored.encode())
        except InvalidToken:
            raise UnreadableError from None
        return text.decode()

    def _fernet(self) -> Any:
        if self._known is None:
            from cryptography.fernet import Fernet
            from cryptography.hazmat.primitives.hashes import SHA256
            from cryptography.hazmat.primitives.kdf.hkdf import HKDF

            key = HKDF(SHA256(), 32, salt=None, info=self._use).derive(self._secret_key.encode())
            self._known = Fernet(base64.urlsafe_b64encode(key))
        return self._known
