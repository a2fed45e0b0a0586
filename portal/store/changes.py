"""Whether anybody wrote to the database since the last look, for next to nothing.

SQLite counts the commits of others for each connection (`PRAGMA data_version`): a look begins no
transaction and reads no page. Of other databases nothing can be said so cheaply: there every look
finds that something may be new.
"""

import os
import sqlite3

from sqlalchemy.engine import make_url


class Changes:
    """One look after the other, from one thread."""

    def __init__(self, url: str) -> None:
        parts = make_url(url)
        is_file = parts.get_backend_name() == "sqlite" and parts.database
        self._path = str(parts.database) if is_file else None
        self._connection: sqlite3.Connection | None = None
        self._seen: tuple[int, int] | None = None

    def are_there(self) -> bool:
        """Whether something may be new; True as well when that cannot be told."""
        if self._path is None:
            return True
        try:
            found = (os.stat(self._path).st_ino, self._version())
        except (OSError, sqlite3.Error):
            self.close()
            return True
        is_new = found != self._seen
        if self._seen is not None and found[0] != self._seen[0]:
            # Another file by the same name: the next look opens it.
            self.close()
        self._seen = found
        return is_new

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._seen = None

    def _version(self) -> int:
        if self._connection is None:
            self._connection = sqlite3.connect(
                f"file:{self._path}?mode=ro", uri=True, timeout=0.1, check_same_thread=False
            )
        (number,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(number)
