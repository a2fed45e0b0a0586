"""The last confirmed picture on the disk, for a start without the database."""

import os
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import structlog
from pydantic import TypeAdapter, ValidationError

from portal import clock
from portal.board.picture import Picture

_log = structlog.get_logger()
# How much older than the truth "last confirmed at" may be after such a start.
EVERY = timedelta(seconds=60)
_SHAPE = TypeAdapter(Picture)


class Copy:
    """One file; it holds what is for some readers only, so only its owner may read it.

    When the picture was confirmed at last is the file's time of change.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: tuple[Picture, datetime] | None = None

    def keep(self, picture: Picture, confirmed_at: datetime) -> None:
        """Write a confirmed picture when it is a new one; else note once a minute that it holds."""
        if self._kept is not None and self._kept[0] is picture:
            if abs(confirmed_at - self._kept[1]) < EVERY:
                return
            write = partial(self._date, confirmed_at)
        else:
            write = partial(self._write, picture, confirmed_at)
        try:
            write()
        except OSError as error:
            # A convenience for bad days; never a reason to make this day bad.
            _log.warning("board.copy_not_kept", error=error.strerror)
            self._kept = None
            return
        self._kept = (picture, confirmed_at)

    def _write(self, picture: Picture, confirmed_at: datetime) -> None:
        fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        try:
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(_SHAPE.dump_json(picture))
            fresh.replace(self._path)
        except OSError:
            fresh.unlink(missing_ok=True)
            raise
        self._date(confirmed_at)

    def _date(self, confirmed_at: datetime) -> None:
        os.utime(self._path, (confirmed_at.timestamp(), confirmed_at.timestamp()))

    def load(self) -> tuple[Picture, datetime] | None:
        """The picture that was kept, and when it was confirmed; None when none can be read."""
        try:
            picture = _SHAPE.validate_json(self._path.read_bytes())
            return picture, clock.at(self._path.stat().st_mtime)
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            _log.warning("board.copy_unreadable", error=type(error).__name__)
            return None
