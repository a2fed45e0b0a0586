"""A stall is one episode, with its gap and with who came during it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from portal.runtime.episode import Episode
from portal.runtime.episodes import EXPORTER_STALE, Episodes
from tests import rows
from tests.clocks import StandingClock
from tests.instants import HOUR, NOW
from tests.runtime.calm import calm, metrics, scraper
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


@pytest.mark.parametrize(
    ("ages", "gap_ends"),
    [
        ({"a": 4, "other": 9}, 4),
        ({"a": 4, "b": 6, "other": 9}, 6),
        ({"a": 4, "b": None, "other": 9}, 4),
        ({"other": 9}, 0),
    ],
)
def test_a_stall_ends_with_the_first_scrape_of_those_that_were_away(
    open_session: Callable[[], Session],
    still: StandingClock,
    ages: dict[str, int | None],
    gap_ends: int,
):
    """How many seconds ago each scraper came; without any of those, it ends now."""
    with open_session() as session:
        away = {"alert": EXPORTER_STALE, "subject": "", "labels": {"scraper": "a, b"}}
        session.add(rows.episode(**away, opened_at=NOW - HOUR))
        session.commit()
    scrapers = [
        scraper(name, last_scrape_at=None if ago is None else NOW - timedelta(seconds=ago))
        for name, ago in ages.items()
    ]
    Episodes(open_session).reconcile(calm(metrics=metrics(*scrapers)))
    with open_session() as session:
        assert session.query(Episode).one().closed_at == NOW - timedelta(seconds=gap_ends)
