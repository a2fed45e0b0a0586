"""What is recorded when something comes between: nodes that go, reloads, edits, faults."""

from collections.abc import Iterator

import pytest

from portal.monitors.health import Health
from tests.conftest import Site, StandingClock
from tests.monitors.watching import Watching

DOWN = "monitor-down"


@pytest.fixture
def world(either: Site, still: StandingClock) -> Iterator[Watching]:
    watching = Watching(either, still)
    watching.component()
    yield watching
    watching.stop()


def test_a_node_that_is_gone_silences_nothing_below_what_it_saw(world: Watching):
    """Its last look failed, and it never looked again."""
    world.start()
    gone = world.start("node-b", leads=False)
    world.add("gateway", nodes="all", down_after="12 of 12")
    world.add("shop", depends_on=["gateway"], nodes="leader", component="website")
    world.run(10)
    world.finds["gateway"] = "down"
    number = gone.recorder.watched["gateway"].id
    for _ in range(90):
        world.run(1)
        if gone.recorder.one(number).views[gone.recorder.node_id].is_suspect:
            break
    world.run(3)
    world.watches.remove(gone)
    world.finds["gateway"] = "up"
    world.run(300)
    assert world.health("gateway") is Health.UP
    world.finds["shop"] = "down"
    world.run(120)
    assert world.health("shop") is Health.DOWN
    assert world.episodes() == [(DOWN, "shop", True)]


def test_one_that_nobody_can_look_at_silences_nothing_below_it(world: Watching):
    world.start()
    world.add("gateway")
    world.add("shop", depends_on=["gateway"])
    world.run(5)
    world.finds |= {"gateway": "?", "shop": "down"}
    world.run(120)
    assert world.health("shop") is Health.DOWN
