"""Which version of the tables this code has, and how a database gets there.

Alembic is loaded only where there is something to change: it takes a tenth of a second and 11 MB,
and most starts find their database up to date.
"""

from functools import cache
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from portal.store.engine import ensure_file, for_migrations

MIGRATIONS = Path(__file__).with_name("migrations")


@cache
def head() -> str:
    """The newest version, by the numbers that the files of the migrations begin with.

    Read once: a running process stays what it was loaded as, whatever is put beside it.
    """
    files = (MIGRATIONS / "versions").glob("[0-9]*.py")
    return max(path.name.partition("_")[0] for path in files)


def upgrade(url: str) -> None:
    """Bring the database to `head`; makes the file of a SQLite database that is not there yet."""
    engine = for_migrations(url)
    ensure_file(engine)
    if _version(engine) != head():
        migrate(url, "upgrade", "head")


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
