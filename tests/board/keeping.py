"""A database and a shelf that come and go, and when a picture ends."""

from datetime import datetime
from typing import Any

from sqlalchemy.exc import OperationalError

from portal.board.picture import Picture
from tests.instants import HOUR, NOW

# When the one banner of each picture is over.
ENDS = NOW + HOUR


class Database:
    """A revision, how often it was looked at and asked for; or nothing at all while it is away."""

    def __init__(self) -> None:
        self.revision, self.looks, self.asked, self.is_away = 1, 0, 0, False

    def __enter__(self) -> "Database":
        self.looks += 1
        if self.is_away:
            raise OperationalError("", {}, Exception())
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def scalar(self, _: Any) -> int:
        self.asked += 1
        return self.revision


class Shelf:
    """The copy on the disk."""

    def __init__(self) -> None:
        self.kept: tuple[Picture, datetime] | None = None

    def keep(self, shown: Picture, confirmed_at: datetime) -> None:
        self.kept = (shown, confirmed_at)

    def load(self) -> tuple[Picture, datetime] | None:
        return self.kept
