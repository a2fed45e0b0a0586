"""What is wrong when the database refuses, and what of it is tried again."""

import sqlite3

import pytest
from sqlalchemy.exc import OperationalError

from portal.store import errors
from portal.store.errors import ATTEMPTS, PATIENCE_SECONDS, FailureKind, retried


class ServerError(Exception):
    """As a driver of PostgreSQL raises it."""

    def __init__(self, state: str | None) -> None:
        super().__init__("refused")
        self.sqlstate = state


def of_sqlite(name: str) -> sqlite3.Error:
    error = sqlite3.OperationalError("refused")
    error.sqlite_errorname = name
    return error


def wrapped(cause: Exception) -> OperationalError:
    return OperationalError("SELECT 1", {}, cause)


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (ServerError("40001"), FailureKind.BUSY),
        (ServerError("40P01"), FailureKind.BUSY),
        (ServerError("55P03"), FailureKind.BUSY),
        (ServerError("25006"), FailureKind.READ_ONLY),
        (ServerError("53100"), FailureKind.FULL),
        (ServerError("08006"), FailureKind.AWAY),
        (ServerError(None), FailureKind.AWAY),
        (of_sqlite("SQLITE_BUSY_SNAPSHOT"), FailureKind.BUSY),
        (of_sqlite("SQLITE_LOCKED"), FailureKind.BUSY),
        (of_sqlite("SQLITE_READONLY_DBMOVED"), FailureKind.READ_ONLY),
        (of_sqlite("SQLITE_FULL"), FailureKind.FULL),
        (of_sqlite("SQLITE_CANTOPEN"), FailureKind.AWAY),
        (RuntimeError("something else"), FailureKind.AWAY),
    ],
)
def test_a_cause_is_told_by_its_code(cause: Exception, expected: FailureKind):
    assert errors.of(wrapped(cause)) is expected
    assert errors.of(cause) is expected


def test_only_a_server_that_takes_no_writes_is_demoted():
    assert errors.is_demoted(ServerError("25006"))
    assert not errors.is_demoted(ServerError("40001"))
    assert not errors.is_demoted(of_sqlite("SQLITE_READONLY"))


class Act:
    """Fails so many times, and then gives what it was given."""

    def __init__(self, fails: int, cause: Exception, *, seconds: float = 0.0) -> None:
        self.fails, self.cause, self.seconds, self.calls = fails, cause, seconds, 0
        self.now = 100.0

    def __call__(self, value: str) -> str:
        self.calls += 1
        self.now += self.seconds
        if self.calls <= self.fails:
            raise wrapped(self.cause)
        return value


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(errors.time, "sleep", slept.append)
    return slept


def run(act: Act, monkeypatch: pytest.MonkeyPatch) -> str:
    with monkeypatch.context() as patch:
        patch.setattr(errors.time, "monotonic", lambda: act.now)
        return retried(act.__call__)("done")


def test_what_was_only_busy_is_tried_again_after_a_longer_pause_each_time(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float]
):
    act = Act(ATTEMPTS - 1, of_sqlite("SQLITE_BUSY"))
    assert run(act, monkeypatch) == "done"
    assert act.calls == ATTEMPTS
    assert len(pauses) == ATTEMPTS - 1
    assert all(0 < pause < 0.2 for pause in pauses)


def test_what_stays_busy_is_the_callers(monkeypatch: pytest.MonkeyPatch, pauses: list[float]):
    act = Act(99, of_sqlite("SQLITE_BUSY"))
    with pytest.raises(OperationalError):
        run(act, monkeypatch)
    assert act.calls == ATTEMPTS


def test_what_was_waited_for_long_is_not_waited_for_again(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float]
):
    act = Act(99, of_sqlite("SQLITE_BUSY"), seconds=PATIENCE_SECONDS + 0.1)
    with pytest.raises(OperationalError):
        run(act, monkeypatch)
    assert act.calls == 1
    assert pauses == []


@pytest.mark.parametrize("cause", [of_sqlite("SQLITE_FULL"), ServerError("25006")])
def test_what_does_not_pass_by_itself_is_tried_once(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float], cause: Exception
):
    act = Act(99, cause)
    with pytest.raises(OperationalError):
        run(act, monkeypatch)
    assert act.calls == 1
