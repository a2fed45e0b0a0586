"""The last confirmed picture on the disk, for a start without the database."""

import os
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from pydantic import TypeAdapter, ValidationError

from portal.board.picture import Picture

_log = structlog.get_logger()
# How much older than the truth "last confirmed at" may be after such a start.
EVERY = timedelta(seconds=60)
_SHAPE = TypeAdapter(Picture)


class Copy:
    """One file; it holds what is for some readers only, so only its owner may read it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: tuple[int, datetime] | None = None

    def keep(self, picture: Picture) -> None:
        """Write a confirmed picture when it is a new one, or the last was written a minute ago."""
        if self._kept is not None:
            revision, at = self._kept
            if revision == picture.revision and abs(picture.generated_at - at) < EVERY:
                return
        fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        try:
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(_SHAPE.dump_json(picture))
            fresh.replace(self._path)
        except OSError as error:
            # A convenience for bad days; never a reason to make this day bad.
            _log.warning("board.copy_not_kept", error=error.strerror)
            fresh.unlink(missing_ok=True)
            return
        self._kept = (picture.revision, picture.generated_at)

    def load(self) -> Picture | None:
        """The picture that was kept; None when there is none that can be read."""
        try:
            return _SHAPE.validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            _log.warning("board.copy_unreadable", error=type(error).__name__)
            return None
