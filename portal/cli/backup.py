"""`portal backup` and `portal restore`, for SQLite; PostgreSQL has tools of its own."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import click
from sqlalchemy.engine import make_url

from portal import clock
from portal.audit import chain, search
from portal.cli import application
from portal.lifecycle import serving
from portal.notify import timetable
from portal.settings import Settings
from portal.store import engine, schema


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Copy the database to FILE while the portal runs. Never overwrites a file."""
    source = _database(application.settings())
    if file.exists():
        application.stop(f"{file} already exists. Choose another name.")
    if not source.exists():
        application.stop("There is no database yet. Create it with: portal db upgrade")
    fresh = file.with_name(f"{file.name}.new")
    try:
        with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(fresh)) as other:
            one.backup(other)
            _check(other, fresh)
    except (sqlite3.Error, OSError) as error:
        fresh.unlink(missing_ok=True)
        application.stop(f"The copy failed: {error}")
    # Whole or not at all, and only for who may read the database itself.
    os.chmod(fresh, 0o600)
    fresh.replace(file)
    click.echo(f"{file} holds the database of {clock.iso(clock.now())}.")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Replace the database with FILE. Stop the portal first; the old database is kept."""
    settings = application.settings()
    _database(settings)
    try:
        with serving.alone(settings.data_dir, serving.RESTORE):
            _restore(settings, file)
    except serving.TakenError as error:
        application.stop(str(error))


def _restore(settings: Settings, file: Path) -> None:
    target = _database(settings)
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as copy:
            _check(copy, file)
    except sqlite3.Error as error:
        application.stop(f"{file} is not a backup of a portal: {error}")
    kept = target.with_name(f"{target.name}.before-{clock.now():%Y%m%dT%H%M%SZ}")
    fresh = target.with_name(f"{target.name}.new")
    shutil.copyfile(file, fresh)
    os.chmod(fresh, 0o600)
    if target.exists():
        # What was written last may still be in the log beside the file.
        with closing(sqlite3.connect(target)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        target.replace(kept)
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    fresh.replace(target)
    schema.upgrade(settings.resolved_database_url)
    portal = application.portal(settings)
    with portal.core.open_session() as session:
        engine.begin_write(session)
        last = search.search(session, limit=1)[0]
        chain.append(
            session,
            "runtime.restored",
            actor=application.actor(),
            at=clock.now(),
            file=file.name,
            last_seq=last[0].seq if last else 0,
            last_at=clock.iso(last[0].at) if last else "",
        )
        timetable.silence(session, settings, now=clock.now())
        session.commit()
    click.echo(f"Restored. The audit log records the gap. The old database is {kept}.")


def _database(settings: Settings) -> Path:
    url = make_url(settings.resolved_database_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        application.stop(
            "This command is for SQLite. For PostgreSQL, use pg_dump and pg_restore;"
            " see docs/operations.md."
        )
    return Path(url.database)


def _check(connection: sqlite3.Connection, file: Path) -> None:
    (said,) = connection.execute("PRAGMA integrity_check").fetchone()
    if said != "ok":
        raise sqlite3.DatabaseError(f"{file} is damaged: {said}")
    connection.execute("SELECT version_num FROM alembic_version").fetchone()
