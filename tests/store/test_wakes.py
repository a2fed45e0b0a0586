"""A look comes soon after what was written, once a second in calm, and often where nobody tells."""

from pathlib import Path

import pytest

from portal.store import changes, folder, wakes
from portal.store.wakes import CALM_EVERY_SECONDS, EVERY_SECONDS, STIRRED_SECONDS, Wakes
from tests.store.writes import write

pytestmark = pytest.mark.database


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
