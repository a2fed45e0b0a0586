"""Badges of monitors: of those that are public, and of no others."""

from datetime import timedelta

import pytest

from portal import clock
from portal.monitors.schemas import MonitorIn
from portal.status.components import ComponentIn
from portal.status.windows import WindowIn
from tests import queries
from tests.monitors.watching import BY, Watching


def badge(world: Watching, slug: str = "home", language: str = "en", status: int = 200) -> str:
    world.site.portal.board.refresh()
    answer = world.site.client().get(f"/monitors/{slug}/badge.svg?lang={language}")
    assert answer.status_code == status
    return str(answer.get_data(as_text=True))


def test_it_says_how_the_monitor_is_and_its_uptime(world: Watching):
    world.start()
    world.add(component="website", shows_latency=True)
    assert 'aria-label="Home: unknown"' in badge(world)
    world.run(70)
    assert "Home: up · 100.00\u202f% in 30 days" in badge(world)
    world.run(3600, step=30)
    world.finds["home"] = "slow"
    world.run(130)
    assert "Home: degraded performance · 100.00\u202f% in 30 days" in badge(world)
    world.finds["home"] = "down"
    world.run(3600, step=30)
    assert "Home: down · " in badge(world)
    world.finds["home"] = "up"
    world.run(70)
    text = badge(world)
    assert "Home: up · 5" in text, "about half of the time"
    assert "ausgefallen" not in text
    assert "erreichbar · 5" in badge(world, language="de")
    assert "30日間で" in badge(world, language="ja")


def test_it_does_not_say_what_nobody_confirms(world: Watching):
    world.start()
    world.add(component="website", shows_latency=True)
    world.run(70)
    assert "Home: up" in badge(world)
    world.finds["home"] = "?"
    world.run(130)
    assert "Home: unknown · 100.00" in badge(world)
    world.finds["home"] = "up"
    world.run(70)
    world.stop()
    world.still.advance(minutes=10)
    assert "Home: unknown · 100.00" in badge(world)


def test_without_a_database_it_turns_unknown_by_itself(world: Watching):
    world.start()
    world.add(component="website", shows_latency=True)
    world.run(70)
    world.site.portal.board.refresh()
    current = world.site.portal.board.current()
    assert current is not None
    later = clock.now() + timedelta(minutes=10)
    moved = current.picture.at(later, stale_since=clock.now())
    assert [one.health for one in current.picture.monitors] == ["up"]
    assert [one.health for one in moved.monitors] == ["unknown"]


def test_planned_maintenance_is_not_counted(world: Watching):
    world.start()
    world.add(component="website", shows_latency=True)
    world.run(600, step=30)
    ends = clock.now() + timedelta(minutes=30)
    window = WindowIn(title="T", ends_at=ends, components=["website"])
    world.site.portal.status.windows.schedule(BY, window)
    world.finds["home"] = "down"
    world.run(1500, step=30)
    world.finds["home"] = "up"
    world.run(600, step=30)
    assert "Home: up · 100.00" in badge(world)


def test_it_says_at_once_what_changed_without_an_alert(world: Watching):
    world.start()
    world.add(component="website", shows_latency=True)
    ends = clock.now() + timedelta(hours=3)
    window = WindowIn(title="T", ends_at=ends, components=["website"])
    world.site.portal.status.windows.schedule(BY, window)
    world.run(600, step=30)
    assert "Home: up" in badge(world)
    for found, said in (("slow", "degraded performance"), ("down", "down"), ("up", "up")):
        world.finds["home"] = found
        world.run(130)
        assert f"Home: {said}" in badge(world)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"component": "website"}, "nobody marked it as public"),
        ({"component": "inner", "shows_latency": True}, "its component is not public"),
        ({"shows_latency": True}, "it has no component"),
    ],
)
def test_one_that_is_not_public_has_none(world: Watching, values: dict[str, object], why: str):
    inner = ComponentIn(slug="inner", name="Inner", is_public=False)
    world.site.portal.status.components.add(BY, inner)
    world.start()
    world.add(**values)
    world.run(70)
    assert "Home" not in badge(world, status=404), why


def test_it_comes_and_goes_with_the_mark(world: Watching):
    world.start()
    world.add(component="website")
    world.run(70)
    badge(world, status=404)
    acts = world.site.portal.monitors.acts
    was = {"slug": "home", "name": "Home", "kind": "tcp", "host": "h.example", "port": 1}
    public = MonitorIn(**was, component="website", shows_latency=True)
    acts.edit(BY, "home", public, is_free=False)
    assert "Home: up" in badge(world)
    acts.pause(BY, "home")
    assert "Home: unknown" in badge(world)
    acts.resume(BY, "home")
    acts.edit(BY, "home", MonitorIn(**was, component="website"), is_free=False)
    badge(world, status=404)
    acts.edit(BY, "home", public, is_free=False)
    acts.remove(BY, "home")
    badge(world, status=404)


def test_a_heartbeat_has_one_too(world: Watching):
    world.start()
    world.beat(component="website", shows_latency=True)
    world.run(5)
    assert "Nightly: unknown" in badge(world, "nightly")


def test_it_is_cached_and_limited_as_the_others_are(world: Watching):
    world.start()
    for number in range(20):
        world.add(f"m{number}", component="website", shows_latency=True)
    world.run(70)
    badge(world, "m0")
    client = world.site.client()
    with queries.counted(world.site) as sent:
        for number in range(20):
            first = client.get(f"/monitors/m{number}/badge.svg")
            again = client.get(
                f"/monitors/m{number}/badge.svg", headers={"If-None-Match": first.headers["ETag"]}
            )
            assert (first.status_code, again.status_code) == (200, 304)
    sent.expect(0, "badges of one picture")
    other = client.get("/components/website/badge.svg")
    for name in ("Cache-Control", "Content-Type", "Content-Security-Policy", "Vary"):
        assert first.headers[name] == other.headers[name]
    for path in ("m1/other.svg", "m1", "none/badge.svg", "m1/badge.svg/"):
        assert client.get(f"/monitors/{path}").status_code == 404
