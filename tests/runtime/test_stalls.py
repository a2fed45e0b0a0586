"""A stall is one episode, with its gap and with who came during it."""

from portal.runtime.episode import Episode
from tests.clocks import StandingClock
from tests.runtime.steps import events, step
from tests.sites import Site


def test_a_stall_is_one_episode_with_its_gap(either: Site, still: StandingClock):
    either.scrape()
    step(either)
    still.advance(seconds=180)
    step(either)
    assert events(either) == []
    still.advance(seconds=1)
    step(either)
    still.advance(seconds=200)
    step(either)
    (stale,) = events(either)
    assert stale[0] == "monitoring.exporter.stale"
    assert (stale[1]["age_seconds"], stale[1]["threshold"]) == (181, 180)
    either.scrape()
    step(either)
    either.scrape()
    step(either)
    _, recovered = events(either)
    assert recovered[0] == "monitoring.exporter.recovered"
    assert recovered[1]["gap_seconds"] == 381
    assert recovered[1]["scraper"] == "prometheus"


def test_a_stall_ends_with_the_scrape_and_not_with_the_look_that_found_it(
    site: Site, still: StandingClock
):
    site.scrape()
    still.advance(seconds=181)
    step(site)
    site.scrape()
    came = still.now()
    still.advance(seconds=9)
    step(site)
    assert events(site)[-1][1]["gap_seconds"] == 181
    with site.portal.core.open_session() as session:
        assert session.query(Episode).one().closed_at == came


def test_who_came_during_a_stall_stays_named(site: Site, still: StandingClock):
    site.scrape()
    still.advance(seconds=181)
    snapshot = site.portal.overview.take()
    (alert,) = snapshot.alerts
    for labels in ({"scraper": "a"}, {"scraper": "a", "others": "b"}, {"scraper": "a, b"}):
        alert.labels = labels
        site.portal.runtime.episodes.reconcile(snapshot)
    with site.portal.core.open_session() as session:
        assert session.query(Episode).one().labels == {"scraper": "a, b", "others": "b"}
