"""Whether anybody wrote to the database since the last look, for next to nothing.

SQLite counts the commits of others for each connection (`PRAGMA data_version`): a look begins no
transaction and reads no page. PostgreSQL tells those who listen at each commit that was begun with
`engine.begin_write`; a look reads what has arrived on a connection of its own.
"""

import math
import os
import sqlite3
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from portal import clock
from portal.store import engine

# Behind the looks, whatever they find: how often who waits for changes asks the database.
ASK_EVERY_SECONDS = 5.0
# A file is looked at each time; longer than a round of the worker, which writes.
ASK_FILE_EVERY_SECONDS = 12.0
# A pooler in front of the server may keep back what it tells. The portal worker writes several
# times a minute, so who has heard nothing for so long asks more often.
HEARD_WITHIN_SECONDS = 60.0
ASK_UNHEARD_EVERY_SECONDS = 0.5
# A server that does not answer is waited for each time.
LISTEN_EVERY_SECONDS = 1.0


class Changes(Protocol):
    """One look after the other, from one thread."""

    def are_there(self) -> bool:
        """Whether something may be new; True as well when that cannot be told."""
        ...

    @property
    def ask_every(self) -> float:
        """After how many seconds without a change the database is asked all the same."""
        ...

    @property
    def is_reliable(self) -> bool:
        """Whether changes are heard of, as far as that can be told."""
        ...

    @property
    def file(self) -> Path | None:
        """What is written at each change; None for a server."""
        ...

    @property
    def descriptor(self) -> int | None:
        """What becomes readable when a change is told; None where nothing does."""
        ...

    def close(self) -> None:
        """Let go of the file, or of the connection."""
        ...


def of(url: str) -> Changes:
    """The changes of a database."""
    parts = make_url(url)
    if parts.get_backend_name() == "sqlite":
        return FileChanges(str(parts.database))
    return ToldChanges(url)


class FileChanges:
    """Of a SQLite file."""

    ask_every = ASK_FILE_EVERY_SECONDS
    is_reliable = True
    # Its folder tells of it.
    descriptor = None

    def __init__(self, path: str) -> None:
        self.file = Path(path)
        self._connection: sqlite3.Connection | None = None
        self._seen: tuple[int, int] | None = None

    def are_there(self) -> bool:
        try:
            found = (os.stat(self.file).st_ino, self._version())
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
        if self._connection is not None:
            self._connection.close()
        self._connection = self._seen = None

    def _version(self) -> int:
        if self._connection is None:
            self._connection = sqlite3.connect(
                f"file:{self.file}?mode=ro", uri=True, timeout=0.1, check_same_thread=False
            )
        (number,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(number)


class ToldChanges:
    """Of a PostgreSQL database, told by itself."""

    file = None

    def __init__(self, url: str) -> None:
        self._engine = engine.probe_engine(url)
        # psycopg's connection; its own `notifies` waits, and a look must not.
        self._connection: Any = None
        self._heard_at = self._failed_at = -math.inf

    @property
    def ask_every(self) -> float:
        return ASK_EVERY_SECONDS if self.is_reliable else ASK_UNHEARD_EVERY_SECONDS

    @property
    def is_reliable(self) -> bool:
        return clock.boot_seconds() - self._heard_at < HEARD_WITHIN_SECONDS

    @property
    def descriptor(self) -> int | None:
        try:
            return None if self._connection is None else int(self._connection.fileno())
        except self._engine.dialect.loaded_dbapi.Error:
            # Lost; the next look finds that.
            return None

    def are_there(self) -> bool:
        if self._connection is None:
            self._listen()
            return True
        server = self._connection.pgconn
        is_told = False
        try:
            server.consume_input()
            while server.notifies() is not None:
                is_told = True
        except self._engine.dialect.loaded_dbapi.Error:
            self.close()
            return True
        if is_told:
            self._heard_at = clock.boot_seconds()
        return is_told

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _listen(self) -> None:
        if clock.boot_seconds() - self._failed_at < LISTEN_EVERY_SECONDS:
            return
        try:
            raw = self._engine.raw_connection()
        except (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error):
            # Connections are made by a hook of ours, whose errors come as they are.
            self._failed_at = clock.boot_seconds()
            return
        connection: Any = raw.driver_connection
        # From now on it is ours to close.
        raw.detach()
        try:
            connection.autocommit = True
            connection.execute(f"LISTEN {engine.CHANNEL}")
        except self._engine.dialect.loaded_dbapi.Error:
            connection.close()
            return
        self._connection = connection
