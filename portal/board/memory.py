"""What was made of things last: what is still so is the very same, and need not be made again."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Made = TypeVar("Made")


class Memory(Generic[Made]):
    """Things by their names, each with the key that it was made by; `made` counts them."""

    def __init__(self) -> None:
        self.made = 0
        self._known: dict[Hashable, tuple[object, Made]] = {}
        self._asked: dict[Hashable, tuple[object, Made]] = {}

    def get(self, name: Hashable, key: object, make: Callable[[], Made]) -> Made:
        """The one of before where its key is equal, or else what `make` makes."""
        known = self._known.get(name)
        if known is None or known[0] != key:
            self.made += 1
            known = (key, make())
        self._asked[name] = known
        return known[1]

    def has(self, name: Hashable, key: object) -> bool:
        """Whether it is known by this very key."""
        known = self._known.get(name)
        return known is not None and known[0] == key

    def forget_others(self) -> None:
        """Keep what was asked for since the last time."""
        self._known, self._asked = self._asked, {}
