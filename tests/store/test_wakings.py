"""Who sleeps is woken by a file, a mark and a commit."""

import time
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from portal.store import changes, engine, folder, wakes
from portal.store.wakes import Wakes
from tests.databases import fresh_database
from tests.patience import until
from tests.store.writes import write

pytestmark = pytest.mark.database
PATIENCE = 60.0


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
