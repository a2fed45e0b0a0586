"""What the portal keeps is for its own user alone, whatever the umask it is started with."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import bare_environ
from tests.patience import until
from tests.processes import ROOT, Served

pytestmark = pytest.mark.process


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """That of this process, and so of those that it starts itself."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    """What in a folder others than its user may use; itself too."""
    found = {}
    for path in (folder, *folder.rglob("*")):
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            # Figures of processes are written anew all the time.
            continue
        wanted = 0o700 if stat.S_ISDIR(mode) else 0o600
        if stat.S_IMODE(mode) != wanted and not stat.S_ISLNK(mode):
            found[str(path.relative_to(folder))] = f"{stat.S_IMODE(mode):o}"
    return found


def test_whatever_a_portal_makes_is_private(tmp_path: Path, umask: int):
    folder = tmp_path / "data"
    kept = tmp_path / "kept"
    kept.mkdir(0o700)
    served = Served(folder, "--workers", "2", by_shell=True, umask=umask)
    with served:
        until(lambda: list(folder.glob("run/processes/*.json")), what="the processes' figures")
        served.run("maintenance", "start", "--title", "Work", "--duration", "5m")
        until(lambda: (folder / "board.json").exists(), what="the copy of the picture")
        assert served.scrape().status == 200
        served.run("backup", str(kept / "copy.db"))
        served.run("audit", "export", str(kept / "audit.jsonl"))
        served.run("snapshot", "export", "--output", str(kept / "snapshot.json"))
        served.run("lifecycle", "drain")
        names = {path.name for path in folder.rglob("*")}
        assert {"portal.db", "portal.db-wal", "portal.db-shm", "phase.json"} <= names
        assert {"secret-key", "metrics-token", "scrapes.json", "serve.lock", "metrics"} <= names
        assert modes(folder) == {}
        (folder / "portal.db").rename(folder / "away")
        served.run("lifecycle", "drain")
        assert (folder / "spool" / "audit.jsonl").exists()
        (folder / "away").rename(folder / "portal.db")
        assert modes(folder) == {}
    served.run("restore", str(kept / "copy.db"))
    assert list(folder.glob("portal.db.before-*"))
    assert modes(folder) == {}
    assert modes(kept) == {}


def test_another_server_makes_nothing_for_others_either(tmp_path: Path, umask: int):
    settings = {"PORTAL_DATA_DIR": str(tmp_path / "data"), "PORTAL_ENV": "test"}
    subprocess.run(
        [sys.executable, "-c", "import app; app.app.test_client().get('/')"],
        env={**bare_environ(), **settings},
        cwd=ROOT,
        check=True,
    )
    assert modes(tmp_path / "data") == {}


def test_what_is_there_is_tightened_at_the_start_and_what_is_not_ours_is_left(tmp_path: Path):
    folder = tmp_path / "data"
    with Served(folder, "--no-worker") as served:
        assert served.scrape().status == 200
    ours = [folder, *folder.rglob("*")]
    for path in ours:
        path.chmod(0o777 if path.is_dir() else 0o666)
    (folder / "spool").mkdir(mode=0o755, exist_ok=True)
    (folder / "portal.db.before-20300101T000000Z").touch(0o644)
    foreign = [folder / "notes.txt", tmp_path / "elsewhere"]
    for path in foreign:
        path.touch()
        path.chmod(0o644)
    (folder / "spool" / "link").symlink_to(tmp_path / "elsewhere")
    with served:
        assert modes(folder) == {"notes.txt": "644"}
        assert {stat.S_IMODE(path.stat().st_mode) for path in foreign} == {0o644}
        assert served.get("/health/ready").status == 200
