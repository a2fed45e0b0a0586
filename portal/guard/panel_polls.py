"""Polls of signed-in operators, which do not use up the limit of their address.

The chain asks no database, so it cannot look a session up. Flask does, and notes here what it has
found: who polls on is known by that for some minutes, in this process, and has a limit of his own.
A cookie that Flask has not verified counts like any other request, and so do polls beyond that
limit. A poll that is not counted goes on to Flask, which looks its session up again.
"""

import hashlib
import threading
from dataclasses import dataclass

from portal.guard.head import Head

# Where the panel polls. Only this path; acts and pages count as everyone's.
PATH = "/panel/cards"
KNOWN_SECONDS = 120.0
MOST_KNOWN = 2000
LONGEST_COOKIE = 100


@dataclass(slots=True)
class _Known:
    """A session: when it was verified last, and how often it has polled in which window."""

    verified: float
    window: int = 0
    polls: int = 0


class PanelPolls:
    """Verified sessions of this process; `most` polls a window of `window_seconds` for each."""

    def __init__(self, cookie: str, *, most: int, window_seconds: int) -> None:
        self._name = cookie
        self._most = most
        self._window_seconds = window_seconds
        self._lock = threading.Lock()
        # The one that was verified last is the last one.
        self._known: dict[bytes, _Known] = {}

    def know(self, cookie: str, *, now: float) -> None:
        """Flask has found the session of this cookie, and an operator who may look."""
        key = _key(cookie)
        with self._lock:
            known = self._known.pop(key, None) or _Known(now)
            known.verified = now
            self._known[key] = known
            if len(self._known) > MOST_KNOWN:
                del self._known[next(iter(self._known))]

    def forget(self, cookie: str) -> None:
        """The session is over, or there never was one."""
        with self._lock:
            self._known.pop(_key(cookie), None)

    def passes(self, head: Head, now: float) -> bool:
        """Whether this is a poll of a session that is known; it is then noted."""
        if head.path != PATH or head.method != "GET":
            return False
        cookie = self._cookie(head.header("cookie") or "")
        if not cookie:
            return False
        window = int(now // self._window_seconds)
        with self._lock:
            known = self._known.get(_key(cookie))
            if known is None or not 0 <= now - known.verified < KNOWN_SECONDS:
                return False
            if known.window != window:
                known.window, known.polls = window, 0
            known.polls += 1
            return known.polls <= self._most

    def _cookie(self, cookies: str) -> str:
        """The session's cookie among others; empty when there is none, or two."""
        found = [
            value
            for name, _, value in (one.strip().partition("=") for one in cookies.split(";"))
            if name == self._name
        ]
        return found[0] if len(found) == 1 and len(found[0]) <= LONGEST_COOKIE else ""


def _key(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).digest()
