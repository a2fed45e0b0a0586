"""Engines: SQLite in WAL mode by default, PostgreSQL at scale."""

import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection, Engine, ExceptionContext, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from portal.store import errors
from portal.store.pool import CountingPool

WRITE = "portal_write"
TIMEOUT_SECONDS = 2
# Where PostgreSQL tells of each write; `portal.store.changes` listens.
CHANNEL = "portal_changes"


_decode = json.JSONDecoder().decode
_EMPTY: dict[bytes | str, Callable[[], Any]] = {b"{}": dict, b"[]": list}


def _parsed(data: bytes | str) -> Any:
    """JSON as PostgreSQL sends it: UTF-8, which `json.loads` would find out for each value.

    A page reads a thousand of them, and most are empty.
    """
    if data in _EMPTY:
        return _EMPTY[data]()
    return _decode(data.decode() if isinstance(data, bytes) else data)


def options(url: str, *, pool_size: int) -> dict[str, Any]:
    """Engine options for `url`; every wait in them is bounded by two or three seconds."""
    connect_args: dict[str, Any]
    more: dict[str, Any] = {}
    if make_url(url).get_backend_name() == "sqlite":
        connect_args = {"timeout": TIMEOUT_SECONDS, "check_same_thread": False}
    else:
        milliseconds = TIMEOUT_SECONDS * 1000
        connect_args = {
            "connect_timeout": TIMEOUT_SECONDS,
            "options": f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds}"
            " -c timezone=UTC",
        }
        more["json_deserializer"] = _parsed
    return {
        **more,
        "poolclass": CountingPool,
        "pool_size": pool_size,
        "max_overflow": 0,
        "pool_timeout": TIMEOUT_SECONDS,
        "pool_pre_ping": True,
        "connect_args": connect_args,
    }


def probe_engine(url: str) -> Engine:
    """An engine whose connections are its own, for checks that must not wait for the pool."""
    chosen = options(url, pool_size=1)
    engine = create_engine(url, poolclass=NullPool, connect_args=chosen["connect_args"])
    prepare(engine)
    return engine


def for_migrations(url: str) -> Engine:
    """An engine for changes of the tables, which may take their time once they have the locks."""
    if make_url(url).get_backend_name() == "sqlite":
        return probe_engine(url)
    bounded = f"-c lock_timeout={TIMEOUT_SECONDS * 1000} -c timezone=UTC"
    return create_engine(
        url,
        poolclass=NullPool,
        connect_args={"connect_timeout": TIMEOUT_SECONDS, "options": bounded},
    )


def prepare(engine: Engine) -> None:
    """Give a SQLite engine its pragmas and explicit transactions, another its way to a failover."""
    if engine.dialect.name != "sqlite":
        # Nine megabytes that a portal on SQLite does not need.
        from portal.store.postgres import ImpatientConnection

        @event.listens_for(engine, "do_connect")
        def connect(dialect: Any, record: Any, arguments: Any, options: Any) -> Any:
            return ImpatientConnection.connect(*arguments, **options)

        @event.listens_for(engine, "handle_error")
        def leave_the_demoted(context: ExceptionContext) -> None:
            # What was the primary takes no writes any more: connect anew, as the address says.
            if errors.is_demoted(context.original_exception):
                context.is_disconnect = context.invalidate_pool_on_disconnect = True

        @event.listens_for(engine, "commit")
        def notify(connection: Connection) -> None:
            # Sent with the commit, and only then.
            if connection.get_execution_options().get(WRITE, False):
                connection.exec_driver_sql(f"NOTIFY {CHANNEL}")

        return

    path = engine.url.database or ""

    @event.listens_for(engine, "do_connect")
    def refuse_to_create(dialect: Any, record: Any, arguments: Any, options: Any) -> None:
        # SQLite makes a missing file anew, and an empty database would pass for the real one.
        if not os.path.exists(path):
            raise sqlite3.OperationalError("the database file is not there")

    @event.listens_for(engine, "checkout")
    def check_file(connection: Any, record: Any, proxy: Any) -> None:
        # An open connection goes on with a file that was taken away; its writes would be lost.
        try:
            number = os.stat(path).st_ino
        except OSError:
            number = None
        if number != record.info.get("inode"):
            raise DisconnectionError("the database file was taken away or replaced")

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, record: Any) -> None:
        record.info["inode"] = os.stat(path).st_ino
        # The driver's own BEGIN comes too late for a consistent read and too early for DDL.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=NORMAL"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A reader that turns writer cannot wait for its turn in WAL mode, so writers say so first.
        writes = connection.get_execution_options().get(WRITE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def is_missing(url: URL) -> bool:
    """Whether the file of a SQLite database is not there."""
    return url.get_backend_name() == "sqlite" and not os.path.exists(url.database or "")


def ensure_file(engine: Engine) -> None:
    """Make an empty SQLite file for the migrations to fill; nothing else creates one."""
    if engine.dialect.name == "sqlite" and engine.url.database:
        path = Path(engine.url.database)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)


def begin_write(session: Session) -> None:
    """Open the session's transaction as a writer's; call it before anything is read."""
    session.connection(execution_options={WRITE: True})
    fence = session.info.get("fence")
    if fence is not None:
        fence.check(session)
