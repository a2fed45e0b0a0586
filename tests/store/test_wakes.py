"""A look comes soon after what was written, once a second in calm, and often where nobody tells."""

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from portal.store import changes, engine, folder, wakes
from portal.store.wakes import CALM_EVERY_SECONDS, EVERY_SECONDS, STIRRED_SECONDS, Wakes
from tests.databases import fresh_database
from tests.patience import until

pytestmark = pytest.mark.database
PATIENCE = 60.0


class Time:
    """Seconds that pass by sleeping; `waited` is how long each wait was allowed to take."""

    def __init__(self) -> None:
        self.seconds = 100.0
        self.waited: list[float] = []
        self.told = False

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.waited.append(round(seconds, 3))
        self.seconds += seconds

    # As `select.poll` is called.
    def poll(self, milliseconds: float | None = None) -> "Time":
        if milliseconds is not None and not self.told:
            self.sleep(milliseconds / 1000)
        return self

    def register(self, descriptor: int, events: int) -> None:
        assert descriptor >= 0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "data" / "portal.db"
    made.parent.mkdir()
    (tmp_path / "run").mkdir()
    write(made, "PRAGMA journal_mode=WAL")
    write(made, "CREATE TABLE t (n)")
    return made


@pytest.fixture
def waking(path: Path, tmp_path: Path) -> Iterator[Wakes]:
    url = f"sqlite:///{path}"
    seen = changes.of(url)
    made = Wakes(seen, tmp_path / "run")
    yield made
    made.close()
    seen.close()


def write(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(wakes, "time", made)
    monkeypatch.setattr(wakes.select, "poll", made.poll)
    return made


def calm(waking: Wakes, passing: Time) -> None:
    """Until nothing was written for a while."""
    waking.wait(9.0)
    passing.seconds += STIRRED_SECONDS
    passing.waited.clear()


def test_in_calm_it_looks_once_a_second(passing: Time, waking: Wakes):
    calm(waking, passing)
    for _ in range(3):
        waking.wait(9.0)
    assert passing.waited == [CALM_EVERY_SECONDS] * 3
    waking.wait(0.3)
    assert passing.waited[-1] == 0.3, "when the time of the picture is over"


def test_after_a_write_it_looks_often_for_a_while(passing: Time, waking: Wakes, path: Path):
    calm(waking, passing)
    passing.told = True
    write(path, "INSERT INTO t VALUES (1)")
    waking.wait(9.0)
    assert passing.waited == []
    passing.told = False
    for _ in range(round(STIRRED_SECONDS / EVERY_SECONDS)):
        waking.wait(9.0)
    assert set(passing.waited) == {EVERY_SECONDS}
    passing.seconds += EVERY_SECONDS
    waking.wait(9.0)
    assert passing.waited[-1] == CALM_EVERY_SECONDS


def test_what_was_not_told_of_ends_the_trust_in_events(passing: Time, waking: Wakes, path: Path):
    calm(waking, passing)
    passing.told = True
    write(path, "INSERT INTO t VALUES (1)")
    waking.wait(9.0)
    waking.found()
    passing.told = False
    calm(waking, passing)
    waking.wait(9.0)
    assert passing.waited == [CALM_EVERY_SECONDS], "it was told of"
    calm(waking, passing)
    passing.seconds += CALM_EVERY_SECONDS
    waking.found()
    calm(waking, passing)
    waking.wait(9.0)
    assert passing.waited == [EVERY_SECONDS]


def test_after_a_failed_look_it_looks_often(passing: Time, waking: Wakes):
    calm(waking, passing)
    waking.stir()
    waking.wait(9.0)
    assert passing.waited == [EVERY_SECONDS]


def test_where_the_kernel_tells_nothing_it_looks_often(
    monkeypatch: pytest.MonkeyPatch, passing: Time, path: Path, tmp_path: Path
):
    monkeypatch.setattr(folder.ctypes, "CDLL", lambda name: object())
    url = f"sqlite:///{path}"
    waking = Wakes(changes.of(url), tmp_path / "run")
    calm(waking, passing)
    waking.wait(9.0)
    assert passing.waited == [EVERY_SECONDS]
    waking.close()


def test_a_database_that_nobody_listens_to_is_looked_at_often(passing: Time, tmp_path: Path):
    url = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    waking = Wakes(changes.of(url), tmp_path)
    calm(waking, passing)
    waking.wait(9.0)
    assert passing.waited == [EVERY_SECONDS]
    waking.close()


def test_a_folder_tells_of_what_is_written_made_moved_and_removed(tmp_path: Path):
    events = folder.FolderEvents(tmp_path)
    assert events.take() == set()
    one = tmp_path / "one"
    one.write_text("1")
    assert events.take() == {"one"}
    one.rename(tmp_path / "two")
    assert events.take() == {"one", "two"}
    (tmp_path / "two").read_text()
    assert events.take() == set(), "reading is no event"
    (tmp_path / "two").unlink()
    (tmp_path / "fünf").touch()
    assert events.take() == {"two", "fünf"}
    for number in range(500):
        (tmp_path / f"{number}").touch()
    assert len(events.take()) == 500
    events.close()
    assert events.take() == set()
    assert folder.FolderEvents(tmp_path, tmp_path / "none").descriptor is None


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """In calm it would sleep for a minute of real time, if nothing woke it."""
    monkeypatch.setattr(wakes, "CALM_EVERY_SECONDS", PATIENCE)
    monkeypatch.setattr(wakes, "STIRRED_SECONDS", 0.0)
    for kind in (changes.FileChanges, changes.ToldChanges):
        monkeypatch.setattr(kind, "ask_every", PATIENCE)


def woken(waking: Wakes) -> bool:
    begun = time.monotonic()
    waking.wait(PATIENCE)
    return time.monotonic() - begun < PATIENCE


@pytest.mark.usefixtures("patient")
def test_a_mark_and_a_write_wake_who_sleeps(waking: Wakes, path: Path, tmp_path: Path):
    before = waking._stirred_at
    (tmp_path / "run" / "phase.json").touch()
    assert woken(waking)
    (path.parent / "other").touch()
    assert woken(waking)
    assert waking._stirred_at == before, "neither is of the database"
    write(path, "INSERT INTO t VALUES (1)")
    assert woken(waking)
    assert waking._stirred_at > before


@pytest.mark.usefixtures("patient")
def test_a_commit_on_a_server_wakes_who_sleeps(postgres: str, tmp_path: Path):
    url = fresh_database(postgres)
    seen = changes.of(url)
    waking = Wakes(seen, tmp_path)
    until(lambda: not seen.are_there(), what="the server to be listened to")
    other = engine.probe_engine(url)
    with Session(other) as session:
        engine.begin_write(session)
        session.commit()
    other.dispose()
    assert woken(waking)
    assert seen.are_there()
    waking.close()
    seen.close()
