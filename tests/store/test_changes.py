"""A look for changes of a file sees every commit of others, and asks again when it cannot tell."""

import sqlite3
from pathlib import Path

import pytest

from portal.store import changes
from tests.store.writes import write

pytestmark = pytest.mark.database


def test_every_commit_is_seen_once(path: Path):
    looks = changes.of(f"sqlite:///{path}")
    assert looks.are_there(), "the first look knows nothing"
    for _ in range(3):
        assert not looks.are_there()
        write(path, "INSERT INTO t VALUES (1)")
        assert looks.are_there()
    assert not looks.are_there()
    looks.close()
    assert looks.are_there()
    looks.close()


def test_a_connection_that_stays_open_is_seen_when_it_commits(path: Path):
    looks = changes.of(f"sqlite:///{path}")
    looks.are_there()
    writer = sqlite3.connect(path)
    writer.execute("INSERT INTO t VALUES (1)")
    assert not looks.are_there(), "it has not committed"
    writer.commit()
    assert looks.are_there()
    writer.close()
    looks.close()


def test_a_file_that_was_taken_away_or_replaced_is_no_calm(path: Path):
    looks = changes.of(f"sqlite:///{path}")
    looks.are_there()
    away = path.rename(path.with_suffix(".away"))
    assert looks.are_there()
    assert looks.are_there()
    away.rename(path)
    assert looks.are_there()
    assert not looks.are_there()
    other = path.with_suffix(".other")
    write(other, "CREATE TABLE t (n)")
    other.rename(path)
    assert looks.are_there()
    write(path, "INSERT INTO t VALUES (1)")
    assert looks.are_there()
    looks.close()
