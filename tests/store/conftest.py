"""A SQLite file that others write to, and what wakes a look at it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.store import changes
from portal.store.wakes import Wakes
from tests.store.writes import write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "data" / "portal.db"
    made.parent.mkdir()
    (tmp_path / "run").mkdir()
    write(made, "PRAGMA journal_mode=WAL", "CREATE TABLE t (n)")
    return made


@pytest.fixture
def waking(path: Path, tmp_path: Path) -> Iterator[Wakes]:
    seen = changes.of(f"sqlite:///{path}")
    made = Wakes(seen, tmp_path / "run")
    yield made
    made.close()
    seen.close()
