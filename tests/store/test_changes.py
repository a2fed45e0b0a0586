"""A look for changes sees every commit of others, and asks again when it cannot tell."""

import sqlite3
from pathlib import Path

import pytest

from portal.store.changes import Changes

pytestmark = pytest.mark.database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "portal.db"
    write(made, "PRAGMA journal_mode=WAL", "CREATE TABLE t (n)")
    return made


def write(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_every_commit_is_seen_once(path: Path):
    changes = Changes(f"sqlite:///{path}")
    assert changes.are_there(), "the first look knows nothing"
    for _ in range(3):
        assert not changes.are_there()
        write(path, "INSERT INTO t VALUES (1)")
        assert changes.are_there()
    assert not changes.are_there()
    changes.close()
    assert changes.are_there()
    changes.close()


def test_a_connection_that_stays_open_is_seen_when_it_commits(path: Path):
    changes = Changes(f"sqlite:///{path}")
    changes.are_there()
    writer = sqlite3.connect(path)
    writer.execute("INSERT INTO t VALUES (1)")
    assert not changes.are_there(), "it has not committed"
    writer.commit()
    assert changes.are_there()
    writer.close()
    changes.close()


def test_a_file_that_was_taken_away_or_replaced_is_no_calm(path: Path):
    changes = Changes(f"sqlite:///{path}")
    changes.are_there()
    away = path.rename(path.with_suffix(".away"))
    assert changes.are_there()
    assert changes.are_there()
    away.rename(path)
    assert changes.are_there()
    assert not changes.are_there()
    other = path.with_suffix(".other")
    write(other, "CREATE TABLE t (n)")
    other.rename(path)
    assert changes.are_there()
    write(path, "INSERT INTO t VALUES (1)")
    assert changes.are_there()
    changes.close()


def test_of_another_database_nothing_can_be_said():
    changes = Changes("postgresql+psycopg://localhost/portal")
    assert changes.are_there()
    assert changes.are_there()
