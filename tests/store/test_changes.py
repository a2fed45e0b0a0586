"""A look for changes sees every commit of others, and asks again when it cannot tell."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from portal.store import changes, engine
from tests.databases import fresh_database
from tests.patience import until

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


@pytest.fixture
def url(postgres: str) -> str:
    return fresh_database(postgres)


def written(url: str, *, writes: bool = True, commits: bool = True) -> None:
    """A transaction of another process, that writes as all of ours do."""
    other = engine.probe_engine(url)
    with Session(other) as session:
        if writes:
            engine.begin_write(session)
        session.execute(text("CREATE TABLE IF NOT EXISTS t (n int)"))
        if commits:
            session.commit()
    other.dispose()


def test_postgresql_tells_of_every_write(url: str):
    looks = changes.of(url)
    assert looks.are_there(), "the first look knows nothing"
    assert looks.ask_every == changes.ASK_UNHEARD_EVERY_SECONDS, "nothing was heard yet"
    for _ in range(3):
        assert not looks.are_there()
        written(url)
        until(looks.are_there, what="the word of a write")
    assert looks.ask_every == changes.ASK_EVERY_SECONDS
    written(url, commits=False)
    written(url, writes=False)
    assert not looks.are_there()
    looks.close()
    assert looks.are_there(), "a look after the close listens anew"
    looks.close()


def test_a_server_that_ends_the_connection_is_no_calm(url: str):
    looks = changes.of(url)
    looks.are_there()
    other = engine.probe_engine(url)
    with other.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE query LIKE 'LISTEN%' AND datname = current_database()"
            )
        )
    other.dispose()
    until(looks.are_there, what="the end of the connection")
    assert looks.are_there(), "it listens anew, and may have missed something"
    assert not looks.are_there()
    written(url)
    until(looks.are_there, what="the word of a write")
    looks.close()


def test_of_a_server_that_is_away_nothing_can_be_said():
    looks = changes.of("postgresql+psycopg://nobody@127.0.0.1:1/none")
    assert looks.are_there()
    assert looks.are_there()
    assert looks.ask_every == changes.ASK_UNHEARD_EVERY_SECONDS
    looks.close()
