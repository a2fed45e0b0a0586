"""Which nodes look at a monitor, and how many must agree."""

import pytest

from portal.monitors import lookers
from portal.monitors.monitor import Kind, Monitor
from portal.monitors.nodes import MonitorNode

PRESENT = {
    1: MonitorNode(name="berlin", labels=["eu"]),
    2: MonitorNode(name="paris", labels=["eu", "fast"]),
    3: MonitorNode(name="tokyo", labels=["asia"]),
}


def monitor(nodes: str, **values: object) -> Monitor:
    return Monitor(
        **{"slug": "home", "kind": Kind.TCP, "is_paused": False, "nodes": nodes, **values}
    )


@pytest.mark.parametrize(
    ("nodes", "quorum", "looking", "agree"),
    [
        ("any", None, [1, 2, 3], 1),
        ("leader", None, [1, 2, 3], 1),
        ("all", None, [1, 2, 3], 2),
        ("all", 3, [1, 2, 3], 3),
        ("eu", None, [1, 2], 2),
        ("tokyo,fast", None, [2, 3], 2),
        ("nowhere", None, [], 1),
    ],
)
def test_who_looks_and_how_many_agree(
    nodes: str, quorum: int | None, looking: list[int], agree: int
):
    row = monitor(nodes, quorum=quorum)
    assert lookers.of(row, PRESENT) == looking
    assert lookers.quorum(row, PRESENT) == agree


def test_what_any_may_look_at_one_does():
    for number in range(50):
        row = monitor("any", slug=f"m-{number}")
        mine = [me for me in PRESENT if lookers.is_mine(row, me, PRESENT, leads=False)]
        assert len(mine) == 1
        # Another is chosen only where that one is gone.
        left = {me: node for me, node in PRESENT.items() if me != 3}
        if mine != [3]:
            assert lookers.is_mine(row, mine[0], left, leads=False)


def test_the_leader_looks_at_what_is_its_and_nobody_at_what_is_paused():
    assert lookers.is_mine(monitor("leader"), 1, PRESENT, leads=True)
    assert not lookers.is_mine(monitor("leader"), 1, PRESENT, leads=False)
    assert not lookers.is_mine(monitor("all", is_paused=True), 1, PRESENT, leads=True)
    assert not lookers.is_mine(monitor("all", kind=Kind.HEARTBEAT), 1, PRESENT, leads=True)
    assert not lookers.is_mine(monitor("any"), 1, {}, leads=True)
