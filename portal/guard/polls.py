"""The shortest way through the chain: one more poll by a client whom the chain has judged.

A client is let in once by `portal.guard.chain`. What that depends on stays true for its next
polls while no block changes: it asks with GET for a public answer that is ready, names no origin,
and is far from its limit. Whatever else comes goes the whole way. Blocks begin when they are
made, so whoever was let in stays so until the copy of the blocks is another one.
"""

import threading
from collections.abc import Callable

from portal import clock
from portal.board.answer import Answer, Given, Header
from portal.guard.head import is_trusted_host
from portal.guard.limits import Limits
from portal.guard.perimeter import Perimeter

MOST_KNOWN = 8192
Find = Callable[[str, Header], Answer | None]


class Polls:
    """Asked on the event loop alone; `find` gives the ready answer of a path to whoever sends
    these headers, or None."""

    def __init__(
        self,
        find: Find,
        perimeter: Perimeter,
        limits: Limits,
        *,
        behind_proxies: bool,
        hosts: tuple[str, ...],
    ) -> None:
        self._find, self._perimeter, self._limits = find, perimeter, limits
        self._behind_proxies, self._hosts = behind_proxies, hosts
        # The connection, and behind a proxy whom it says to speak for → the limiter's key.
        self._known: dict[tuple[str, str | None], str] = {}
        self._state = perimeter.state
        self._learning = threading.Lock()

    def answer(self, path: str, peer: str, header: Header) -> Given | None:
        """The answer to a GET without a query, counted; None when it has to go the whole way."""
        if self._perimeter.state is not self._state:
            with self._learning:
                self._known, self._state = {}, self._perimeter.state
        forwarded_for = header("x-forwarded-for") if self._behind_proxies else None
        key = self._known.get((peer, forwarded_for))
        if key is None or header("origin") is not None:
            return None
        if self._hosts and not is_trusted_host(header("host") or "", self._hosts):
            return None
        answer = self._find(path, header)
        if answer is None or not self._limits.poll(key, path, clock.seconds()):
            return None
        return answer.reply(header)

    def learn(self, peer: str, forwarded_for: str | None, key: str, state: object) -> None:
        """A client was let in, with no block on it while the perimeter was in this state.

        From any thread: a block that was made meanwhile has ended what was known.
        """
        if forwarded_for is not None and not self._behind_proxies:
            return  # somebody forwards who is not declared, which is met each time
        with self._learning:
            if state is not self._state:
                return
            if len(self._known) >= MOST_KNOWN:
                self._known = {}
            self._known[peer, forwarded_for] = key
