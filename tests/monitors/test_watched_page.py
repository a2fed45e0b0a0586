"""What the public page shows of a watch: how fast it answers, and what is not known."""

from datetime import timedelta

from portal.monitors.health import Health
from portal.monitors.uptime import Stretch
from tests.instants import NOW
from tests.monitors.watching import Watching


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
