"""argon2id, with a cap on how many run at once: each takes 19 MiB."""

import ctypes
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_CHARACTERS = 12
MAX_CHARACTERS = 128

# glibc keeps freed blocks of this size in an arena of each thread: thirty sign-ins left 300 MB
# behind. Above a fixed threshold they are mapped, and given back at once.
_MMAP_THRESHOLD, _THRESHOLD_BYTES = -3, 4 * 1024 * 1024
if hasattr(_libc := ctypes.CDLL(None), "mallopt"):
    _libc.mallopt(_MMAP_THRESHOLD, _THRESHOLD_BYTES)

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_slots = threading.BoundedSemaphore(4)
# Verified when there is no such account, so that both answers take the same time.
_DUMMY = _hasher.hash("no such account")

_COMMON = frozenset(("password", "123456789012", "qwertyuiopas", "administrator", "letmeinletmein"))


class WeakPasswordError(ValueError):
    """The text says what a password needs."""


def hash_password(password: str) -> str:
    """Hash a new password; WeakPasswordError when it is too short, too long or too common."""
    if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
        raise WeakPasswordError(
            f"A password must have {MIN_CHARACTERS} to {MAX_CHARACTERS} characters."
        )
    if password.lower() in _COMMON or len(set(password)) < 4:
        raise WeakPasswordError("This password is too easy to guess. Choose another one.")
    with _slots:
        return _hasher.hash(password)


def is_right(stored: str | None, password: str) -> bool:
    """Compare in the same time whether or not there is an account."""
    with _slots:
        try:
            matches = _hasher.verify(stored or _DUMMY, password[: MAX_CHARACTERS + 1])
        except (VerificationError, InvalidHashError):
            return False
    return matches and stored is not None
