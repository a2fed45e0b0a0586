"""How long to sleep between two looks: until something is written, and not ten times a second.

The kernel tells of what is written to SQLite's folder, and PostgreSQL of its commits. A write is
told before its commit, so looks go on ten times a second for a while after each. Behind that stands
a look every second; where that finds what nobody told of, events are not relied on any more.
"""

import select
import time
from pathlib import Path

import structlog

from portal.store.changes import Changes
from portal.store.folder import FolderEvents

_log = structlog.get_logger()
# While something is written, and where nobody tells of it.
EVERY_SECONDS = 0.1
# While nothing is.
CALM_EVERY_SECONDS = 1.0
# A commit may take so long to be there after its first write.
STIRRED_SECONDS = 1.0


class Wakes:
    """For one thread that looks for `changes` of a database, and for a mark in `folder`."""

    def __init__(self, changes: Changes, folder: Path) -> None:
        self._changes = changes
        # What is written lies beside the file itself, wherever links lead to it from.
        self._file = changes.file.resolve() if changes.file else None
        self._events = FolderEvents(folder, *([self._file.parent] if self._file else []))
        self._is_trusted = True
        self.stir()

    def wait(self, most: float) -> None:
        """Sleep until something may have changed; at most so many seconds."""
        told = self._descriptors()
        is_stirred = time.monotonic() - self._stirred_at < STIRRED_SECONDS
        if not told or is_stirred:
            time.sleep(min(EVERY_SECONDS, most))
        else:
            waiting = select.poll()
            for descriptor in told:
                waiting.register(descriptor, select.POLLIN)
            waiting.poll(1000 * min(CALM_EVERY_SECONDS, self._changes.ask_every, most))
        names = self._events.take()
        if self._file is not None and any(one.startswith(self._file.name) for one in names):
            self.stir()

    def stir(self) -> None:
        """Look again soon."""
        self._stirred_at = time.monotonic()

    def found(self) -> None:
        """A look has found something new."""
        is_told = time.monotonic() - self._stirred_at < STIRRED_SECONDS + CALM_EVERY_SECONDS
        if self._file is not None and self._is_trusted and not is_told:
            _log.warning("changes.untold", folder="data directory")
            self._is_trusted = False
        self.stir()

    def close(self) -> None:
        self._events.close()

    def _descriptors(self) -> list[int]:
        """What to wait for; none where something that is waited for is told by nobody."""
        found = [self._events.descriptor]
        if self._file is None:
            found.append(self._changes.descriptor)
        is_whole = self._is_trusted and None not in found
        return [one for one in found if one is not None] if is_whole else []
