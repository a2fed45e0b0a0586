"""How long each step of the way out waits, for what, and what is said of the rest."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from portal.lifecycle.drain import Drain, Exit, Patience
from portal.lifecycle.phases import Phase, Phases
from portal.runtime.workers import OWN

pytestmark = pytest.mark.unit
PATIENCE = Patience(queues=2.0, delay=3.0, requests=1.0, pools=1.0, linger=4.0)


class Node:
    """What is left of work at each step is told beforehand; the last of each stays."""

    def __init__(self, folder: Path, **left: list[Any]) -> None:
        self.lifecycle = Phases(folder)
        # Copies: a test may be run again with the same parameters.
        steps = {"jobs": [0], "requests": [0], "held": [0], **left}
        self.left = {name: list(some) for name, some in steps.items()}
        self.waited: list[tuple[str, float]] = []
        self.said: list[str] = []
        self.recorded: list[tuple[str, dict[str, object]]] = []

    def _next(self, name: str) -> Any:
        steps = self.left[name]
        return steps.pop(0) if len(steps) > 1 else steps[0]

    def workers(self) -> list[Any]:
        jobs = self._next("jobs")
        return [
            SimpleNamespace(name=OWN, pending=5),
            SimpleNamespace(name="jobs", pending=jobs),
            SimpleNamespace(name="idle", pending=0),
        ]

    def shares(self) -> list[Any]:
        phase = self.lifecycle.current()
        if phase is not Phase.CLOSING:
            return [SimpleNamespace(in_flight=self._next("requests"))]
        held = self._next("held")
        late = Phase.DRAINING if held == "late" else Phase.CLOSING
        size = 0 if held == "late" else held
        pools = [
            SimpleNamespace(size=size, borrowed=size, pending=size * 2),
            SimpleNamespace(size=0, borrowed=0, pending=0),
        ]
        phases = [late, Phase.CLOSING]
        return [
            SimpleNamespace(phase=one, pool=pool, in_flight=0)
            for one, pool in zip(phases, pools, strict=True)
        ]

    def run(self, *, is_forced: bool = False) -> Exit:
        return Drain(
            self.lifecycle,
            self,  # type: ignore[arg-type]
            workers=self.workers,  # type: ignore[arg-type]
            append=lambda event_type, **detail: self.recorded.append((event_type, detail)),
            pause=lambda seconds: self.waited.append((self.lifecycle.current().value, seconds)),
            say=self.said.append,
        ).run(by="ada", why="a deploy", patience=PATIENCE, is_forced=is_forced)

    def steps(self, phase: str, seconds: float = 0.2) -> int:
        return self.waited.count((phase, seconds))


@pytest.mark.parametrize(
    ("jobs", "steps", "code", "why"),
    [
        ([0], 0, Exit.CLEAN, "nothing to wait for"),
        ([3, 2, 0], 2, Exit.CLEAN, "they become empty while it waits"),
        ([1] * 10 + [0], 10, Exit.CLEAN, "empty at the last look"),
        ([1], 10, Exit.REFUSED, "they do not"),
    ],
)
def test_a_drain_waits_for_queues(tmp_path, jobs, steps, code, why):
    node = Node(tmp_path, jobs=jobs)
    assert node.run() is code, why
    assert node.steps("starting") + node.steps("ready") == steps
    refused = [
        "jobs has 1 jobs pending.",
        "Nothing was stopped. Wait for the queues to empty, or use --force.",
    ]
    assert (node.said == refused) is (code is Exit.REFUSED)
    assert (node.recorded == []) is (code is Exit.REFUSED)


def test_force_does_not_wait_less_and_goes_on(tmp_path):
    node = Node(tmp_path, jobs=[1])
    assert node.run(is_forced=True) is Exit.CLEAN
    assert node.recorded[0] == (
        "runtime.shutdown.initiated",
        {"by": "ada", "reason": "a deploy", "forced": True},
    )


@pytest.mark.parametrize(
    ("requests", "steps", "code"),
    [([0], 0, Exit.CLEAN), ([2, 1, 0], 2, Exit.CLEAN), ([2], 5, Exit.TIMED_OUT)],
)
def test_requests_in_flight_are_waited_for(tmp_path, requests, steps, code):
    node = Node(tmp_path, requests=requests)
    assert node.run() is code
    assert node.steps("draining") == steps
    assert ("2 requests did not finish in 1 s." in node.said) is (code is Exit.TIMED_OUT)
    assert node.recorded[-1] == (
        "runtime.shutdown.completed",
        {"by": "ada", "clean": code is Exit.CLEAN},
    )


@pytest.mark.parametrize(
    ("held", "steps", "code", "why"),
    [
        ([0], 0, Exit.CLEAN, "all is given back"),
        ([4, 0], 1, Exit.CLEAN, "given back while it waits"),
        (["late", "late", 0], 2, Exit.CLEAN, "a process has not heard of it yet"),
        ([4], 5, Exit.UNCLEAN, "never given back"),
        (["late"], 5, Exit.UNCLEAN, "a process never said that it closes"),
    ],
)
def test_pools_are_waited_for(tmp_path, held, steps, code, why):
    node = Node(tmp_path, held=held)
    assert node.run() is code, why
    assert node.steps("closing") == steps
    closed = ("database.connection.closed", {"processes": 2})
    assert (closed in node.recorded) is (code is Exit.CLEAN)
    assert ("The database pools are closed." in node.said) is (code is Exit.CLEAN)


def test_what_was_not_given_back_is_on_record(tmp_path):
    node = Node(tmp_path, held=[4], requests=[2])
    assert node.run() is Exit.UNCLEAN
    assert "4 database connections were not returned." in node.said
    assert node.recorded[1] == (
        "database.connection.shutdown_failed",
        {"processes": 1, "size": 4, "borrowed": 4, "pending": 8},
    )


def test_the_balancer_and_the_scrape_have_their_time(tmp_path):
    node = Node(tmp_path)
    node.run()
    assert node.waited == [("draining", 3.0), ("closing", 4.0)]


def test_one_look_is_always_had(tmp_path):
    node = Node(tmp_path)
    drain = Drain(
        node.lifecycle,
        node,
        workers=list,  # type: ignore[arg-type]
        append=lambda event_type, **_: None,
        say=node.said.append,
        pause=lambda seconds: node.waited.append(("", seconds)),
    )
    left = iter([1, 0])
    assert drain._wait(0.0, lambda: next(left)) == 0
    assert node.waited == [("", 0.2)]
