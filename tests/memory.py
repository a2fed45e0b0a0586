"""A database in memory with all tables, for rules that read rows; no app, no file."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from portal import create_app  # noqa: F401 (its imports name every table)
from portal.store.base import Base


@contextmanager
def session() -> Iterator[Session]:
    """A session on a database of its own."""
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine, expire_on_commit=False) as made:
        yield made
    engine.dispose()
