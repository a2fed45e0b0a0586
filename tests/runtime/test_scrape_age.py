"""The age of the last scrape, as the runbook wants it."""

import pytest

from portal.runtime import exporter
from portal.settings import ScraperToken
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.sites import MANUAL, Site, figure

AGE = "gigvora_metrics_seconds_since_last_scrape"
SCRAPES = "gigvora_metrics_scrapes_total"


def test_the_first_read_after_a_stall_tells_it_and_the_second_is_0(
    site: Site, still: StandingClock
):
    site.scrape()
    still.advance(seconds=400)
    assert site.client().get("/health/ready").status_code == 200
    first = site.scrape().get_data(as_text=True)
    second = site.scrape().get_data(as_text=True)
    assert figure(first, AGE) == 400
    assert figure(second, AGE) == 0
    assert figure(second, SCRAPES) == figure(first, SCRAPES) + 1
    assert site.client().get("/health/ready").status_code == 200


def test_before_any_scrape_the_age_counts_from_the_start(site: Site, still: StandingClock):
    site.portal.overview.take()
    still.advance(seconds=75)
    assert site.figure(AGE) == 75


@pytest.mark.parametrize(("age", "expected"), [(179, False), (180, False), (181, True)])
def test_above_180_is_stale_and_180_is_not(age: int, expected: bool):
    assert exporter.is_stale(age, limit_seconds=180) is expected


@pytest.mark.fault(25)
def test_a_manual_token_never_clears_staleness(site: Site, still: StandingClock):
    site.scrape()
    still.advance(seconds=181)
    site.scrape(MANUAL)
    taken = site.portal.overview.take()
    assert [alert.id for alert in taken.alerts] == ["exporter-stale"]
    assert taken.alerts[0].value == 181
    assert taken.metrics.seconds_since_last_scrape == 0
    site.scrape()
    assert site.portal.overview.take().alerts == []


def test_wall_clock_jumps_do_not_move_the_age(site: Site, still: StandingClock):
    site.scrape()
    still.moment = still.moment.replace(hour=9)
    still.boot += 5
    assert site.figure(AGE) == 5


BY_SCRAPER = 'gigvora_metrics_scraper_age_seconds{scraper="%s"}'
PAIR = (
    ScraperToken("prom-a", "a" * 40),
    ScraperToken("prom-b", "b" * 40),
    ScraperToken("oncall", MANUAL, is_manual=True),
)


@pytest.mark.fault(42)
def test_only_a_scraper_itself_resets_its_age(build: Build, still: StandingClock):
    """A pair, one of them dead, and one person who reads every minute."""
    site = build(metrics_tokens=PAIR)
    for secret in ("a" * 40, "b" * 40):
        site.scrape(secret)
    for minute in range(1, 6):
        still.advance(seconds=60)
        seen = site.scrape(MANUAL).get_data(as_text=True)
        assert figure(seen, AGE) == 60
        assert figure(seen, BY_SCRAPER % "prom-b") == 60 * minute
        assert 'scraper_age_seconds{scraper="oncall"}' not in seen
        site.scrape("a" * 40)
    (held,) = site.portal.overview.take().alerts
    assert held.labels == {"scraper": "prom-b", "others": "prom-a"}
    card = site.signed_in().client.get("/panel/cards/exporter").get_data(as_text=True)
    assert "<dt>Oldest scraper</dt>" in card
    assert "5 min" in card.partition("Oldest scraper")[2].partition("</div>")[0]
    site.scrape("b" * 40)
    assert site.portal.overview.take().alerts == []


def test_a_first_scrape_ends_no_gap(build: Build, still: StandingClock):
    site = build(metrics_tokens=PAIR)
    site.scrape("a" * 40)
    still.advance(hours=5)
    assert figure(site.scrape("b" * 40).get_data(as_text=True), BY_SCRAPER % "prom-b") == 0
