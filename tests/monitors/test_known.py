"""What was never measured has no uptime, on the page and wherever else it is told."""

from datetime import timedelta
from typing import Any

from portal import clock
from portal.monitors.schemas import MonitorIn
from portal.status.components import ComponentIn, State
from tests.monitors.watching import BY, Watching


def told(world: Watching, slug: str = "website") -> dict[str, Any]:
    world.site.portal.board.refresh()
    body = world.site.client().get("/api/status").get_json()
    return next(one for one in body["components"] if one["slug"] == slug)


def read(world: Watching, path: str) -> str:
    world.site.portal.board.refresh()
    return str(world.site.client().get(path).get_data(as_text=True))


def test_before_the_first_look_there_is_no_uptime(world: Watching):
    world.add(component="website")
    assert (told(world)["isKnown"], told(world)["uptime90"]) == (False, None)
    assert "100.00" not in read(world, "/")
    assert "Not known yet" in read(world, "/components/website")
    assert "100.00" not in read(world, "/components/website")
    badge = read(world, "/components/website/badge.svg")
    assert "Website: unknown" in badge
    assert "#127a46" not in badge
    assert "#127a46" not in read(world, "/badge.svg")
    world.start()
    world.finds["home"] = "?"
    world.run(130)
    assert (told(world)["isKnown"], told(world)["uptime90"]) == (False, None)
    world.finds["home"] = "up"
    world.run(130)
    assert (told(world)["isKnown"], told(world)["uptime90"]) == (True, 1.0)
    assert "Website: operational" in read(world, "/components/website/badge.svg")


def test_days_before_the_first_look_are_not_counted(world: Watching):
    world.still.advance(days=5)
    world.start()
    world.add(component="website")
    world.run(70)
    world.site.portal.board.refresh()
    answers = world.site.portal.board.current()
    assert answers is not None
    one = answers.picture.components[0]
    assert one.known_days == 1
    assert "in 1 day" in read(world, "/components/website")


def test_an_alert_of_its_monitor_makes_no_days_before_it_known(world: Watching):
    world.still.advance(days=5)
    world.start()
    world.add(component="website")
    world.run(70)
    world.finds["home"] = "down"
    world.run(7200, step=60)
    assert told(world)["state"] == "major_outage"
    # Two hours of the one day that counts.
    assert 0.9 < told(world)["uptime90"] < 0.93


def test_what_nobody_watches_has_no_uptime_either(world: Watching):
    assert told(world)["uptime90"] is None
    new = ComponentIn(slug="api", name="API", alerts=["worker-error"])
    world.site.portal.status.components.add(BY, new)
    assert told(world, "api")["uptime90"] == 1.0
    world.site.portal.status.components.set_state(BY, "website", State.OPERATIONAL)
    assert told(world)["uptime90"] == 1.0


def test_what_a_person_answers_for_counts_without_its_monitor(world: Watching):
    since = clock.now().date() - timedelta(days=9)
    new = ComponentIn(slug="api", name="API", since=since, alerts=["worker-error"])
    world.site.portal.status.components.add(BY, new)
    world.add(component="api")
    assert told(world, "api")["uptime90"] == 1.0
    # One that is paused and was never looked at adds nothing.
    was = {"slug": "other", "name": "Other", "kind": "tcp", "host": "h.example", "port": 1}
    world.site.portal.monitors.acts.add(BY, MonitorIn(**was, component="website"))
    world.site.portal.monitors.acts.pause(BY, "other")
    assert told(world)["uptime90"] is None
