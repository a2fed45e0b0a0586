"""Figures of what is over, and what the public page shows of them."""

from datetime import timedelta

from sqlalchemy import func, select

from portal import clock
from portal.monitors import charts
from portal.monitors.charts import Period
from portal.monitors.health import Health
from portal.monitors.monitor import Monitor
from portal.monitors.results import MonitorResult
from portal.monitors.uptime import Stretch
from tests.instants import NOW
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
