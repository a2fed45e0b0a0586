"""How often a process has written, so that what it keeps in memory is not older than that."""

import itertools
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session, sessionmaker


class Commits:
    """Counts the commits of the sessions of one app."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self.number = 0

    def count_those_of(self, sessions: sessionmaker[Session]) -> None:
        """Count from now on; a commit counts when it is stored."""
        event.listen(sessions, "after_commit", self._note)

    def _note(self, _: Any) -> None:
        self.number = next(self._numbers)
