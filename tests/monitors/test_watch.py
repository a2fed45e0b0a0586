"""What follows from looks: states, alerts, the component; over restarts, sleeps and clocks."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal import clock
from portal.monitors import charts, heartbeats
from portal.monitors.charts import Period
from portal.monitors.health import Health
from portal.monitors.heartbeats import Heartbeat
from portal.monitors.monitor import Monitor
from portal.monitors.pings import Ping
from portal.monitors.results import MonitorResult
from portal.monitors.uptime import Stretch
from portal.runtime.episode import Episode
from portal.status.components import State
from portal.status.windows import WindowIn
from tests.instants import NOW
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


def ping(world: Watching, said: Ping, slug: str = "nightly") -> bool:
    of_slug = select(Heartbeat.token).join(Monitor, Monitor.id == Heartbeat.monitor_id)
    token = world.query(lambda session: session.scalar(of_slug.where(Monitor.slug == slug)))
    return bool(world.site.portal.monitors.pings.take(token, said))


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


def test_figures_are_made_of_what_is_over(world: Watching):
    world.start()
    world.add()
    rollup = world.rollup()
    for _ in range(13):
        world.run(300, step=10)
        if rollup.is_due(clock.now()):
            rollup.run(now=clock.now())
    number = world.query(lambda session: session.scalar(select(Monitor.id)))
    now = clock.now()
    day = world.query(lambda s: charts.of_monitors(s, [number], Period.DAY, now=now))[number]
    assert len(day) >= 12
    assert {figure.p50 for _, figure in day} == {80.0}
    assert sum(figure.looks for _, figure in day) >= 60
    # A worker that begins anew makes none twice, and none less.
    again = world.rollup()
    again.run(now=now)
    assert (
        world.query(lambda s: charts.of_monitors(s, [number], Period.DAY, now=now))[number] == day
    )


def test_old_results_go_and_figures_stay(world: Watching):
    world.start()
    world.add(interval_seconds=600)
    rollup = world.rollup()
    world.run(3600, step=60)
    rollup.run(now=clock.now())
    world.stop()
    world.still.advance(days=2)
    rollup.run(now=clock.now())
    count = select(func.count()).select_from(MonitorResult)
    assert world.query(lambda session: session.scalar(count)) == 0
    number = world.query(lambda session: session.scalar(select(Monitor.id)))
    now = clock.now()
    assert world.query(lambda s: charts.of_monitors(s, [number], Period.WEEK, now=now))[number]


def test_addresses_of_heartbeats_cannot_be_guessed():
    assert len({heartbeats.new_token() for _ in range(100)}) == 100
    assert all(len(heartbeats.new_token()) == 32 for _ in range(100))


def test_the_public_page_says_what_is_not_known_and_shows_how_fast_it_answers(world: Watching):
    world.start()
    world.add(component="website", shows_latency=True)
    client = world.site.client()

    def read(path: str) -> str:
        world.site.portal.board.refresh()
        answer = client.get(path)
        assert answer.status_code == 200, path
        return str(answer.get_data(as_text=True))

    assert "Some states are not known at the moment" in read("/")
    world.run(400)
    page = read("/")
    assert "All systems operational" in page
    assert "Some states are not known" not in page
    chart = read("/components/website/latency?period=day")
    assert 'class="median"' in chart
    assert 'hx-get="/components/website/latency"' in read("/components/website")
    world.finds["home"] = "?"
    world.run(70)
    body = client.get("/api/status")
    world.site.portal.board.refresh()
    body = client.get("/api/status").get_json()
    assert body["components"][0]["isKnown"] is False
    assert "Unknown" in read("/")
    # A worker that is not there says nothing: after a while the page says it by itself.
    world.finds["home"] = "up"
    world.run(120)
    assert "All systems operational" in read("/")
    world.stop()
    world.still.advance(minutes=10)
    assert "Some states are not known at the moment" in read("/")
    for path in ("/components/website/latency?period=year", "/components/nothing/latency"):
        assert client.get(path).status_code == 404
    world.add("quiet")
    assert client.get("/components/quiet/latency").status_code == 404


def test_days_of_which_nothing_is_known_are_grey():
    from portal.monitors import known

    start = NOW.replace(hour=0)
    up, blank = Health.UP, Health.UNKNOWN
    day = timedelta(days=1)
    lines = [
        [
            Stretch(up, start, start + day * 2),
            Stretch(blank, start + day * 2, start + day * 5),
            Stretch(up, start + day * 5, None),
        ],
        [
            Stretch(blank, start, start + day * 3.5),
            Stretch(up, start + day * 3.5, start + day * 3.6),
        ],
    ]
    found = known.blank_days(lines, since=start - day * 30, now=start + day * 7)
    assert sorted(found) == [(start + day * number).date() for number in (2, 4)]
