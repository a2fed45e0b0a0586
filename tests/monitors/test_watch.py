"""What follows from looks: states, alerts, the component."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal import clock
from portal.monitors.health import Health
from portal.monitors.monitor import Monitor
from portal.monitors.results import MonitorResult
from portal.runtime.episode import Episode
from portal.status.components import State
from portal.status.windows import WindowIn
from tests.monitors.watching import BY, Watching
from tests.web.pages import recorded

DOWN, DEGRADED = "monitor-down", "monitor-degraded"


def test_it_goes_down_and_up_again_with_its_component(world: Watching):
    world.start()
    world.add(component="website")
    assert world.health() is Health.UNKNOWN
    world.run(5)
    assert world.health() is Health.UP
    assert world.episodes() == []
    world.finds["home"] = "down"
    world.run(70)
    # Looked at again at once: down within seconds of the first failure.
    assert world.health() is Health.DOWN
    assert world.episodes() == [(DOWN, "home", True)]
    assert world.state_of() == "major_outage"
    world.finds["home"] = "up"
    world.run(70)
    assert world.health() is Health.UP
    assert world.episodes() == [(DOWN, "home", False)]
    assert world.state_of() == "operational"
    assert world.spans() == ["unknown", "up", "down", "up"]
    events = [one.type for one in recorded(world.site, "monitoring.episode")]
    assert events == ["monitoring.episode.closed", "monitoring.episode.opened"]


def test_slow_is_degraded_and_each_has_its_own_alert(world: Watching):
    world.start()
    world.add(component="website", impact="partial_outage")
    world.finds["home"] = "slow"
    world.run(130)
    assert world.health() is Health.DEGRADED
    assert world.state_of() == "degraded_performance"
    world.finds["home"] = "down"
    world.run(70)
    assert world.state_of() == "partial_outage"
    assert world.episodes() == [(DEGRADED, "home", False), (DOWN, "home", True)]


def test_what_is_set_by_hand_wins_until_the_monitor_changes(world: Watching):
    world.start()
    world.add(component="website")
    world.run(5)
    world.finds["home"] = "down"
    world.run(70)
    assert world.state_of() == "major_outage"
    world.site.portal.status.components.set_state(BY, "website", State.OPERATIONAL)
    world.run(60)
    assert world.state_of() == "operational"
    world.finds["home"] = "up"
    world.run(60)
    world.finds["home"] = "down"
    world.run(70)
    assert world.state_of() == "major_outage"


def test_a_planned_maintenance_is_measured_and_not_counted(world: Watching):
    world.start()
    world.add(component="website")
    world.run(5)
    ends = clock.now() + timedelta(minutes=10)
    window = WindowIn(title="T", ends_at=ends, components=["website"])
    world.site.portal.status.windows.schedule(BY, window)
    world.finds["home"] = "down"
    world.run(300)
    assert world.health() is Health.DOWN
    assert world.episodes() == []
    assert world.state_of() == "under_maintenance"
    # What lasts beyond its end is counted from its end on.
    world.run(400)
    assert world.episodes() == [(DOWN, "home", True)]
    opened = world.query(lambda session: session.scalar(select(Episode.opened_at)))
    assert ends <= opened <= ends + timedelta(seconds=5)
    assert world.state_of() == "major_outage"


def test_below_one_that_is_down_it_is_unreachable_not_down(world: Watching):
    world.start()
    world.add("gateway", component="website")
    world.add("shop", depends_on=["gateway"], component="website")
    world.run(5)
    world.finds |= {"gateway": "down", "shop": "down"}
    world.run(90)
    assert world.health("gateway") is Health.DOWN
    assert world.health("shop") is Health.UNKNOWN
    assert world.detail("shop") == "Unreachable: Gateway is down"
    assert world.episodes() == [(DOWN, "gateway", True)]
    world.finds["gateway"] = "up"
    world.run(120)
    # Now it is its own fault.
    assert world.health("shop") is Health.DOWN
    assert world.episodes() == [(DOWN, "gateway", False), (DOWN, "shop", True)]


def test_circles_are_refused(world: Watching):
    from portal.errors import RuleError
    from portal.monitors.schemas import MonitorIn

    world.add("a")
    world.add("b", depends_on=["a"])
    circle = MonitorIn(slug="a", name="A", kind="tcp", host="h", port=1, depends_on=["b"])
    with pytest.raises(RuleError, match="cannot depend on itself"):
        world.site.portal.monitors.acts.edit(BY, "a", circle, is_free=False)


def test_a_removed_monitor_leaves_nothing_open(world: Watching):
    world.start()
    world.add(component="website")
    world.run(5)
    world.finds["home"] = "down"
    world.run(70)
    world.site.portal.monitors.acts.remove(BY, "home")
    world.outdate()
    world.run(10)
    assert world.episodes() == [(DOWN, "home", False)]
    for table in (MonitorResult, Monitor):
        assert (
            world.query(
                lambda session, t=table: session.scalar(select(func.count()).select_from(t))
            )
            == 0
        )
