"""What keeps the processes of `portal serve` up: who comes back, and when; none starts here."""

from types import SimpleNamespace

import pytest

from portal.cli import children
from portal.cli.children import LIVED_SECONDS, LONGEST_BACKOFF_SECONDS, Child, Done


class Standing(Child):
    """A child whose process is what a test says of it."""

    begins = 0

    def start(self) -> None:
        self.begins += 1
        self.process = SimpleNamespace(poll=lambda: None)  # type: ignore[assignment]
        self.begun = children.time.monotonic()

    def die(self, code: int = 1) -> None:
        self.process = SimpleNamespace(poll=lambda: code, returncode=code)  # type: ignore[assignment]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    now = SimpleNamespace(seconds=1000.0)
    monkeypatch.setattr(children.time, "monotonic", lambda: now.seconds)
    return now


@pytest.fixture
def child(clock: SimpleNamespace) -> Standing:
    made = Standing("web", lambda: Done(0))
    made.start()
    return made


def test_a_process_that_lives_is_left_alone(child: Standing):
    child.supervise()
    assert (child.begins, child.failures) == (1, 0)


def test_one_that_dies_soon_comes_back_later_each_time(child: Standing, clock: SimpleNamespace):
    waits = []
    for _ in range(9):
        child.die()
        child.supervise()
        assert child.process is None
        waits.append(child.due - clock.seconds)
        clock.seconds = child.due - 0.01
        child.supervise()
        assert child.process is None
        clock.seconds = child.due
        child.supervise()
        assert child.process is not None
    assert waits[:4] == [0.5, 1.0, 2.0, 4.0]
    assert waits[-1] == LONGEST_BACKOFF_SECONDS
    assert child.begins == 10


def test_one_that_had_lived_comes_back_at_once(child: Standing, clock: SimpleNamespace):
    child.failures = 5
    clock.seconds += LIVED_SECONDS + 1
    child.die()
    child.supervise()
    assert (child.begins, child.failures) == (2, 0)


def test_one_that_is_gone_needs_no_stop(child: Standing):
    child.die()
    child.stop()
    child.process = None
    child.stop(at_once=True)
