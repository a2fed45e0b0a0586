"""A database in memory with all tables, for rules that read rows; no app, no file."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import create_engine, event
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from portal.store.base import Base
from portal.store.revision import BOARD, MONITORS, PERIMETER, Revision
from portal.web import faces  # noqa: F401 (its imports name every table)
from tests.databases import STATEMENTS


@cache
def _template() -> sqlite3.Connection:
    """The tables, made once a process and copied for each database."""
    template = sqlite3.connect(":memory:", check_same_thread=False)
    engine = create_engine("sqlite://", creator=lambda: template, poolclass=StaticPool)
    Base.metadata.create_all(engine)
    with Session(engine) as made:
        made.add_all([Revision(id=one, number=0) for one in (BOARD, PERIMETER, MONITORS)])
        made.commit()
    return template


@contextmanager
def database() -> Iterator[Callable[[], Session]]:
    """What opens sessions on a database of its own, as writers want it; one at a time."""
    engine = create_engine(
        "sqlite://", poolclass=StaticPool, execution_options={"compiled_cache": STATEMENTS}
    )

    @event.listens_for(engine, "connect")
    def copy(connection: Any, record: Any) -> None:
        connection.execute("PRAGMA foreign_keys=ON")
        _template().backup(connection)

    yield lambda: Session(engine, expire_on_commit=False)
    engine.dispose()
