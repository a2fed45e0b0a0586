"""Heartbeats as jobs call them: by their address, while a worker listens."""

from portal.monitors.health import Health
from tests.monitors.watching import Watching
from tests.sites import Site


def called(site: Site, more: str = "") -> None:
    """A job calls its address."""
    monitors = site.client().get("/api/admin/runtime/monitors/nightly", headers=site.bearer())
    path = monitors.get_json()["heartbeatUrl"].removeprefix(site.settings.url)
    assert site.client().post(path + more, data=b"done").status_code == 200


def test_heartbeat_that_is_well(world: Watching):
    world.start()
    world.beat()
    for _ in range(3):
        called(world.site, "/start")
        world.run(60)
        called(world.site, "/0")
        world.run(3)
        assert world.health("nightly") is Health.UP
        world.run(3400, step=60)
    assert world.spans("nightly") == ["unknown", "up"]
    assert world.episodes() == []


def test_heartbeat_that_is_wrong(world: Watching):
    world.start()
    world.beat()
    for more, said in (("/fail", "Failed with exit code 1"), ("/7", "Failed with exit code 7")):
        called(world.site)
        world.run(3)
        assert world.health("nightly") is Health.UP
        called(world.site, more)
        world.run(3)
        assert (world.health("nightly"), world.detail("nightly")) == (Health.DOWN, said)


def test_heartbeat_that_is_slow(world: Watching):
    world.start()
    world.beat()
    called(world.site)
    world.run(3)
    called(world.site, "/start")
    world.run(590, step=10)
    assert world.health("nightly") is Health.UP
    world.run(20)
    assert world.health("nightly") is Health.DOWN
    called(world.site)
    world.run(3)
    assert world.health("nightly") is Health.UP


def test_heartbeat_that_is_dead(world: Watching):
    world.start()
    world.beat()
    called(world.site)
    world.run(4190, step=30)
    assert world.health("nightly") is Health.UP
    world.run(60)
    assert (world.health("nightly"), world.detail("nightly")) == (Health.DOWN, "Did not come in")
