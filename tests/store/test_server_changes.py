"""A look for changes of a server is told of every write, and of nothing while it is away."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from portal.store import changes, engine
from tests.databases import fresh_database
from tests.patience import until

pytestmark = pytest.mark.database


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
