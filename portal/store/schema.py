"""Which version of the tables this code has, and how a database gets there.

Alembic is loaded only where there is something to change: it takes a tenth of a second and 11 MB,
and most starts find their database up to date.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from portal.store.engine import ensure_file, for_migrations

MIGRATIONS = Path(__file__).with_name("migrations")
# Any number that nothing else in the database takes.
_ADVISORY = 0x706F7274
_LONGEST_WAIT = "15min"


class NewerError(Exception):
    """The database is of a newer version than this code, which must leave it alone."""


@cache
def head() -> str:
    """The newest version, by the numbers that the files of the migrations begin with.

    Read once: a running process stays what it was loaded as, whatever is put beside it.
    """
    files = (MIGRATIONS / "versions").glob("[0-9]*.py")
    return max(path.name.partition("_")[0] for path in files)


def upgrade(url: str) -> None:
    """Bring the database to `head`; makes the file of a SQLite database that is not there yet.

    Of several that begin at once, on one machine or on many, one does it and the others wait.
    NewerError when the database has seen a newer version.
    """
    engine = for_migrations(url)
    ensure_file(engine)
    if _is_at_head(engine):
        return
    with _alone(engine):
        if not _is_at_head(engine):
            migrate(url, "upgrade", "head")


def _is_at_head(engine: Engine) -> bool:
    found = _version(engine)
    if found is not None and found > head():
        raise NewerError(
            f"The database is of version {found}, newer than this portal's {head()}. Put the newer"
            " portal back, or restore the backup that was made before it."
        )
    return found == head()


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """One migration of a database at a time; a process that dies lets go."""
    if engine.dialect.name == "sqlite":
        # A file of its own: closing the database's would drop the locks of SQLite itself.
        path = Path(engine.url.database or "")
        with path.with_name(f"{path.name}.upgrade").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        return
    # In a transaction of its own, which a pooler in front of the server keeps on one connection.
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        connection.execute(text(f"SET LOCAL lock_timeout = '{_LONGEST_WAIT}'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY})
        yield


def migrate(url: str, direction: str, revision: str) -> None:
    """Run Alembic's `upgrade` or `downgrade` to a revision."""
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"url": url})
    config.set_main_option("script_location", str(MIGRATIONS))
    getattr(command, direction)(config, revision)


def _version(engine: Engine) -> str | None:
    """What the database says of itself; None for one without tables."""
    with engine.connect() as connection:
        try:
            found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            return None
    return found
