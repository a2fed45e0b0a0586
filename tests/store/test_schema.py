"""Bringing the tables up to this version, by several at once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, local

import pytest
from sqlalchemy import text

from portal.store import schema
from portal.store.engine import for_migrations
from tests.databases import fresh_database

pytestmark = pytest.mark.database


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'portal.db'}"
    return fresh_database(request.getfixturevalue("postgres"), template="template0")


def test_a_newer_database_is_left_alone(empty: str):
    schema.upgrade(empty)
    with for_migrations(empty).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(schema.NewerError, match="version 9999, newer than this portal's"):
        schema.upgrade(empty)


def test_of_those_that_begin_at_once_one_does_it(empty: str, monkeypatch: pytest.MonkeyPatch):
    """Each has seen a database to upgrade before any of them begins."""
    barrier, seen = Barrier(3), local()
    version, migrate = schema._version, schema.migrate
    migrated = []

    def looked(engine):
        found = version(engine)
        if not getattr(seen, "it", False):
            seen.it = True
            barrier.wait(60)
        return found

    monkeypatch.setattr(schema, "_version", looked)
    monkeypatch.setattr(schema, "migrate", lambda *args: (migrated.append(args), migrate(*args)))
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(schema.upgrade, [empty] * 3))
    assert migrated == [(empty, "upgrade", "head")]
    assert version(for_migrations(empty)) == schema.head()
