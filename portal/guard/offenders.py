"""Top keys in bounded memory: the SpaceSaving sketch, exact while there are few keys.

Metwally, Agrawal, El Abbadi: Efficient Computation of Frequent and Top-k Elements in Data
Streams (2005). A key that is not in a full table takes the place of the smallest, with its count.
"""

from dataclasses import dataclass, field

MOST_KEYS = 512
MOST_ROUTES = 8


@dataclass
class Offender:
    """Counts of a key; times are seconds since the epoch."""

    key: str
    first_seen: float
    last_seen: float
    allowed: int = 0
    blocked: int = 0
    inherited: int = 0
    routes: dict[str, int] = field(default_factory=dict)

    @property
    def hits(self) -> int:
        return self.allowed + self.blocked


class TopKeys:
    """Not locked: the caller counts under its own lock."""

    def __init__(self, most: int = MOST_KEYS) -> None:
        self._most = most
        self._keys: dict[str, Offender] = {}

    def count(self, key: str, *, is_allowed: bool, route: str, at: float) -> None:
        offender = self._keys.get(key)
        if offender is None:
            offender = self._admit(key, at)
        if is_allowed:
            offender.allowed += 1
        else:
            offender.blocked += 1
        offender.last_seen = at
        routes = offender.routes
        if route in routes or len(routes) < MOST_ROUTES:
            routes[route] = routes.get(route, 0) + 1

    def top(self, count: int) -> list[Offender]:
        """The largest first."""
        ranked = sorted(self._keys.values(), key=lambda one: -(one.hits + one.inherited))
        return ranked[:count]

    def _admit(self, key: str, at: float) -> Offender:
        inherited = 0
        if len(self._keys) >= self._most:
            # A tenth leaves at a time, so that a flood of new keys pays for the search once in a
            # while and not on every request.
            ranked = sorted(self._keys.values(), key=lambda one: one.hits + one.inherited)
            leaving = ranked[: max(1, self._most // 10)]
            inherited = leaving[-1].hits + leaving[-1].inherited
            for one in leaving:
                del self._keys[one.key]
        offender = Offender(key, at, at, inherited=inherited)
        self._keys[key] = offender
        return offender
