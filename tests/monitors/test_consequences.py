"""What follows from conclusions: of those below others, and after an edit."""

import pytest

from portal.monitors.health import Health
from portal.monitors.schemas import MonitorIn
from tests.monitors.watching import BY, Watching

DOWN = "monitor-down"


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


@pytest.mark.parametrize(
    ("edit", "state"),
    [({"component": "shop"}, "major_outage"), ({"impact": "partial_outage"}, "partial_outage")],
)
def test_an_edit_of_what_an_alert_says_opens_it_anew(
    world: Watching, edit: dict[str, str], state: str
):
    world.start()
    world.component("shop")
    world.add(component="website")
    world.run(5)
    world.finds["home"] = "down"
    world.run(70)
    was = {"slug": "home", "name": "Home", "kind": "tcp", "host": "h.example", "port": 1}
    content = MonitorIn(**{**was, "component": "website", **edit})
    world.site.portal.monitors.acts.edit(BY, "home", content, is_free=False)
    world.outdate()
    world.run(5)
    assert world.episodes() == [(DOWN, "home", False), (DOWN, "home", True)]
    assert world.state_of(edit.get("component", "website")) == state
    if "component" in edit:
        assert world.state_of("website") == "operational"
    assert world.spans() == ["unknown", "up", "down"]
    world.finds["home"] = "up"
    world.run(70)
    assert world.episodes() == [(DOWN, "home", False), (DOWN, "home", False)]
