"""Heartbeats that do not come, that nobody could hear, and that are paused."""

from portal.monitors import heartbeats
from portal.monitors.health import Health
from portal.monitors.pings import Ping
from tests.monitors.pings import ping
from tests.monitors.watching import BY, Watching

DOWN, DEGRADED = "monitor-down", "monitor-degraded"


def test_a_heartbeat_that_does_not_come(world: Watching):
    world.start()
    world.beat(component="website")
    world.run(60)
    assert world.health("nightly") is Health.UNKNOWN
    assert ping(world, Ping(is_start=True))
    world.run(2)
    assert world.health("nightly") is Health.UNKNOWN
    ping(world, Ping())
    world.run(3)
    assert world.health("nightly") is Health.UP
    world.run(3600, step=30)
    assert world.health("nightly") is Health.UP
    world.run(700, step=30)
    assert world.health("nightly") is Health.DOWN
    assert world.detail("nightly") == "Did not come in"
    assert world.episodes() == [(DOWN, "nightly", True)]
    ping(world, Ping(exit_code=3))
    world.run(3)
    assert world.detail("nightly") == "Failed with exit code 3"
    ping(world, Ping())
    world.run(3)
    assert world.episodes() == [(DOWN, "nightly", False)]


def test_a_heartbeat_that_nobody_could_hear_is_unknown(world: Watching):
    world.start()
    world.beat()
    ping(world, Ping())
    world.run(3)
    world.stop()
    world.still.advance(hours=8)
    assert world.health("nightly") is Health.UNKNOWN
    world.start()
    world.run(60)
    assert world.health("nightly") is Health.UNKNOWN
    assert world.detail("nightly") == "Nobody listened when it was due"
    world.run(4000, step=30)
    assert world.health("nightly") is Health.UNKNOWN
    # A whole period and its grace after that it is missed.
    world.run(400, step=30)
    assert world.health("nightly") is Health.DOWN


def test_paused_it_is_neither_looked_at_nor_heard_and_its_alert_ends(world: Watching):
    watch = world.start()
    world.add(component="website")
    world.beat()
    world.run(5)
    world.finds["home"] = "down"
    world.run(70)
    acts = world.site.portal.monitors.acts
    acts.pause(BY, "home")
    acts.pause(BY, "nightly")
    world.outdate()
    world.run(2)
    made = watch.made
    world.run(300)
    assert watch.made == made
    assert world.episodes() == [(DOWN, "home", False)]
    assert world.health() is Health.UNKNOWN
    assert not ping(world, Ping())
    acts.resume(BY, "home")
    world.outdate()
    world.finds["home"] = "up"
    world.run(3)
    assert world.health() is Health.UP


def test_addresses_of_heartbeats_cannot_be_guessed():
    assert len({heartbeats.new_token() for _ in range(100)}) == 100
    assert all(len(heartbeats.new_token()) == 32 for _ in range(100))
