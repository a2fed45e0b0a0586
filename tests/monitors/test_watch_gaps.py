"""Restarts, sleeps and clocks: what nobody looked at is unknown, and raises no alarm."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal import clock
from portal.monitors.health import Health
from portal.monitors.pings import Ping
from portal.monitors.results import MonitorResult
from tests.monitors.pings import ping
from tests.monitors.watching import Watching

DOWN, DEGRADED = "monitor-down", "monitor-degraded"


def test_who_cannot_look_says_so_and_neither_alarms_nor_calms(world: Watching):
    world.start()
    world.add(component="website")
    world.run(5)
    world.finds["home"] = "?"
    world.run(70)
    assert world.health() is Health.UNKNOWN
    assert world.episodes() == []
    assert world.detail() == "This node is offline"
    world.finds["home"] = "down"
    world.run(70)
    world.finds["home"] = "?"
    world.run(70)
    # Nobody has seen it well again.
    assert world.health() is Health.UNKNOWN
    assert world.episodes() == [(DOWN, "home", True)]
    world.finds["home"] = "up"
    world.run(70)
    assert world.episodes() == [(DOWN, "home", False)]


def test_a_restart_goes_on_from_where_it_was(world: Watching):
    world.start()
    world.add(component="website", down_after="3 of 3")
    world.run(5)
    world.stop()
    world.still.advance(seconds=60)
    assert world.health() is Health.UP
    world.start()
    world.finds["home"] = "down"
    world.run(2)
    assert world.health() is Health.UP
    world.run(60)
    assert world.health() is Health.DOWN
    world.stop()
    world.still.advance(seconds=30)
    # What was down is down still, in the same episode, and ends when it is seen well again.
    world.start()
    world.run(60)
    assert world.health() is Health.DOWN
    world.finds["home"] = "up"
    world.run(60)
    assert world.episodes() == [(DOWN, "home", False)]
    assert world.spans() == ["unknown", "up", "down", "up"]


def test_an_hour_without_a_worker_is_unknown_and_raises_no_alarm(world: Watching):
    world.start()
    world.add(component="website")
    world.run(5)
    world.stop()
    world.still.advance(hours=1)
    # Whoever reads meanwhile is told: nothing wrote it.
    assert world.health() is Health.UNKNOWN
    world.start()
    world.finds["home"] = "down"
    world.run(1)
    assert world.health() is Health.UNKNOWN
    world.finds["home"] = "up"
    world.run(60)
    assert world.health() is Health.UP
    assert world.spans() == ["unknown", "up", "unknown", "up"]
    assert world.episodes() == []


@pytest.mark.parametrize("hours", [1, -1])
def test_a_wall_clock_that_jumps_raises_no_alarm(world: Watching, hours: int):
    watch = world.start()
    world.add(component="website")
    world.beat()
    world.run(65)
    ping(world, Ping())
    world.run(2)
    made = watch.made
    world.still.moment += timedelta(hours=hours)
    world.run(70)
    # Looks go on at their pace, on a clock that nobody sets.
    assert watch.made - made in (1, 2)
    assert world.health() is Health.UP
    assert world.episodes() == []
    world.run(3000, step=30)
    assert world.episodes() == []


def test_after_a_sleep_what_was_under_way_counts_for_nothing(world: Watching):
    watch = world.start()
    world.add(component="website")
    world.run(5)
    world.still.advance(hours=1)
    watch.wake(clock.boot_seconds())
    world.finds["home"] = "down"
    made = watch.made
    world.run(4)
    assert watch.made == made, "the net needs some seconds to come back"
    world.finds["home"] = "up"
    world.run(60)
    assert world.health() is Health.UP
    assert world.episodes() == []


def test_one_nodes_own_fault_is_not_the_targets(world: Watching):
    first = world.start("node-a")
    world.start("node-b", leads=False).finds = others = {}
    world.start("node-c", leads=False).finds = others
    world.add(component="website", nodes="all")
    world.run(40)
    assert world.health() is Health.UP
    first.finds = {"home": "down"}
    world.run(120)
    assert world.health() is Health.UP
    assert world.episodes() == []
    others["home"] = "down"
    world.run(120)
    assert world.health() is Health.DOWN
    assert world.detail() == "503 Service Unavailable; 3 of 3 nodes agree"


def test_only_one_of_several_nodes_looks_at_what_any_may(world: Watching):
    watches = [world.start("node-a"), world.start("node-b", leads=False)]
    for number in range(10):
        world.add(f"m-{number}")
    world.run(130)
    made = [watch.made for watch in watches]
    assert all(made), "both take a part"
    assert sum(made) <= 45
    looked = select(MonitorResult.monitor_id, func.count(MonitorResult.node_id.distinct()))
    rows = world.query(
        lambda session: session.execute(looked.group_by(MonitorResult.monitor_id)).all()
    )
    assert len(rows) == 10
