"""The mark of a drain: for which service it counts, and when it ends."""

from pathlib import Path

import pytest

from portal.lifecycle import processes
from portal.lifecycle.phases import Mark, Phase, Phases
from portal.lifecycle.processes import Process

OWN = processes.this()
GONE = Process(OWN.pid, OWN.started - 1)


@pytest.mark.parametrize(
    ("boot", "of", "is_bound", "counts", "why"),
    [
        ("b", OWN, True, True, "its `portal serve` lives"),
        ("b", GONE, True, False, "its `portal serve` is gone, and its number was given out again"),
        ("other", OWN, True, False, "it is of another boot"),
        ("b", Process(1, OWN.started + 1), False, True, "made while the server ran, by a command"),
        ("b", OWN, False, True, "made by the server itself"),
        ("b", GONE, False, False, "made before the server began"),
        ("other", OWN, False, False, "it is of another boot"),
    ],
)
def test_a_mark_counts_for_the_service_that_it_was_meant_for(
    boot: str, of: Process, is_bound: bool, counts: bool, why: str
):
    mark = Mark(
        Phase.DRAINING, "2030-01-01T00:00:00Z", "ada", "", boot, of.pid, of.started, is_bound
    )
    assert mark.counts("b", OWN) is counts, why


def test_the_mark_of_a_serve_ends_with_it(tmp_path: Path):
    Phases(tmp_path, lambda: GONE).move(Phase.CLOSING, by="ada", why="a deploy")
    after = Phases(tmp_path)
    assert after.current() is Phase.READY
    later = after.move(Phase.DRAINING, by="bob", why="another")
    assert (later.by, later.why) == ("bob", "another"), "nothing of the old one is taken over"
    assert Phases(tmp_path).current() is Phase.DRAINING


def test_since_by_and_why_are_those_of_the_first_move(tmp_path: Path):
    lifecycle = Phases(tmp_path)
    first = lifecycle.move(Phase.DRAINING, by="ada", why="a deploy")
    second = Phases(tmp_path).move(Phase.CLOSING, by="bob", why="later")
    assert (second.since, second.by, second.why) == (first.since, "ada", "a deploy")
    Phases(tmp_path).back()
    assert lifecycle.current() is Phase.READY


def test_a_mark_that_cannot_be_read_changes_nothing(tmp_path: Path):
    lifecycle = Phases(tmp_path)
    lifecycle.move(Phase.DRAINING, by="ada", why="x")
    (tmp_path / "phase.json").write_text("{half")
    assert lifecycle.current() is Phase.DRAINING
