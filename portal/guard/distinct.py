"""How many different keys there were, in bounded memory: linear counting.

Whang, Vander-Zanden, Taylor: A Linear-Time Probabilistic Counting Algorithm for Database
Applications (1990). Each key sets one bit of a map; the number of keys follows from the share of
bits that stayed empty. Up to a thousand keys are held by their hashes and counted exactly.
"""

import math

BITS = 1 << 18  # within about half a percent at 100 000 keys
EXACT = 1000


class Distinct:
    """Not locked: the caller counts under its own lock."""

    __slots__ = ("_hashes", "_map", "_result", "_set")

    def __init__(self) -> None:
        self._hashes: set[int] = set()
        self._map: bytearray | None = None
        self._set = 0
        self._result: int | None = None

    def add(self, key: str) -> None:
        number = hash(key)
        if self._map is None:
            self._hashes.add(number)
            if len(self._hashes) <= EXACT:
                return
            self._map = bytearray(BITS // 8)
            for one in self._hashes:
                self._mark(self._map, one)
            self._hashes = set()
            return
        self._mark(self._map, number)

    def count(self) -> int:
        """Different keys so far."""
        if self._result is not None:
            return self._result
        if self._map is None:
            return len(self._hashes)
        empty = max(1, BITS - self._set)
        return round(-BITS * math.log(empty / BITS))

    def seal(self) -> None:
        """Keep the number and give the memory back; nothing is added from now on."""
        self._result = self.count()
        self._hashes, self._map = set(), None

    def _mark(self, bits: bytearray, number: int) -> None:
        place = number % BITS
        byte, bit = place >> 3, 1 << (place & 7)
        if not bits[byte] & bit:
            bits[byte] |= bit
            self._set += 1
