"""Figures are made of what is over, and stay longer than single looks."""

from sqlalchemy import func, select

from portal import clock
from portal.monitors import charts
from portal.monitors.charts import Period
from portal.monitors.monitor import Monitor
from portal.monitors.results import MonitorResult
from tests.monitors.watching import Watching


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
