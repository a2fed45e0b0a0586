"""The feed: who may read it, what it counts, and that it costs nothing else."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update

from portal import clock
from portal.monitors.monitor import Kind
from portal.monitors.schemas import MonitorIn
from portal.monitors.states import MonitorState
from portal.settings import ScraperToken
from portal.status.components import ComponentIn
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.sites import MANUAL, Site, figure

SCRAPES = "gigvora_metrics_scrapes_total"


def test_refusals_are_told_apart_and_change_nothing(site: Site):
    client = site.client()
    site.scrape()
    missing = client.get("/health/metrics")
    wrong = client.get("/health/metrics", headers={"Authorization": "Bearer wrong"})
    basic = client.get("/health/metrics", headers={"Authorization": "Basic eDp5"})
    head = client.head("/health/metrics", headers={"Authorization": f"Bearer {'s' * 40}"})
    assert (missing.status_code, wrong.status_code, basic.status_code, head.status_code) == (
        401,
        403,
        401,
        200,
    )
    assert missing.headers["WWW-Authenticate"] == "Bearer"
    text = site.scrape().get_data(as_text=True)
    assert figure(text, SCRAPES) == 2
    assert figure(text, 'gigvora_metrics_scrape_rejections_total{reason="missing"}') == 2
    assert figure(text, 'gigvora_metrics_scrape_rejections_total{reason="invalid"}') == 1
    attempts = site.portal.overview.take().metrics.recent_attempts
    assert [one.status for one in attempts] == [200, 401, 403, 401, 200]


def test_without_tokens_the_feed_is_not_there(build: Build):
    site = build(metrics_tokens=())
    client = site.client()
    feed = client.get("/health/metrics")
    assert feed.status_code == 404
    assert feed.data == client.get("/health/nothing").data


def test_200_parallel_scrapes_add_200(site: Site):
    site.scrape()
    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda _: site.scrape().status_code, range(200)))
    assert set(statuses) == {200}
    assert site.figure(SCRAPES) == 202


def test_a_failing_collector_costs_only_its_family(site: Site, monkeypatch: pytest.MonkeyPatch):
    def fail() -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(site.portal.runtime.feed, "_pool", fail)
    text = site.scrape().get_data(as_text=True)
    assert "gigvora_database_pool_size" not in text
    assert figure(text, 'gigvora_metrics_collector_errors_total{collector="database"}') == 1
    assert figure(text, SCRAPES) == 1


def test_a_run_directory_that_cannot_be_used_costs_the_feed_only(site: Site):
    # A file where the directory should be: stands in for a full or foreign disk, also for root.
    site.scrape()
    run = site.settings.run_dir
    run.rename(run.with_name("elsewhere"))
    run.write_text("")
    assert site.scrape().status_code == 503
    assert site.client().get("/health/ready").status_code == 200
    assert site.portal.overview.take().metrics.recent_attempts[0].status == 503


def test_every_series_of_the_table_is_there_from_the_start(site: Site):
    from portal.runtime.counters import TABLE

    # Its label is a component, and there is none at the start.
    site.portal.status.components.add(By("a"), ComponentIn(slug="api", name="API"))
    # And of others a monitor, which has run once.
    home = MonitorIn(slug="home", name="Home", kind=Kind.TCP, host="h.example", port=443)
    site.portal.monitors.acts.add(By("a"), home)
    with site.portal.core.open_session() as session:
        now = clock.now()
        ran = {"health": "up", "looked_at": now, "duration_ms": 8, "certificate_expires_at": now}
        session.execute(update(MonitorState).values(**ran))
        session.commit()
    text = site.scrape().get_data(as_text=True)
    for name, (kind, _, _labels) in TABLE.items():
        suffix = "_total" if kind == "counter" else ""
        assert f"# TYPE gigvora_{name}{suffix} {kind}" in text, name
        assert f"\ngigvora_{name}{suffix}" in text, name


def test_openmetrics_on_request(site: Site):
    answer = site.scrape(Accept="application/openmetrics-text; version=1.0.0")
    assert answer.content_type.startswith("application/openmetrics-text")
    assert answer.get_data(as_text=True).endswith("# EOF\n")


PAIR = (
    ScraperToken("prom-a", "a" * 40),
    ScraperToken("prom-b", "b" * 40),
    ScraperToken("oncall", MANUAL, is_manual=True),
)


def test_a_portal_that_nobody_has_scraped_is_not_set_up(site: Site, still: StandingClock):
    site.portal.overview.take()
    still.advance(hours=1)
    site.scrape(MANUAL)
    taken = site.portal.overview.take()
    assert (taken.alerts, taken.metrics.is_set_up, taken.metrics.stale) == ([], False, False)
    card = site.signed_in().client.get("/panel/cards/exporter").get_data(as_text=True)
    assert "Not set up" in card
    assert "PORTAL_METRICS_TOKENS" in card
    site.scrape()
    still.advance(seconds=181)
    assert [one.id for one in site.portal.overview.take().alerts] == ["exporter-stale"]


def test_a_restart_does_not_make_it_new_again(site: Site, still: StandingClock):
    site.scrape()
    shutil.rmtree(site.settings.run_dir)
    site.portal.overview.take()
    still.advance(seconds=181)
    assert [one.id for one in site.portal.overview.take().alerts] == ["exporter-stale"]


def test_a_scraper_can_be_expected_before_it_ever_came(build: Build, still: StandingClock):
    site = build(scraper_expected=True)
    site.portal.overview.take()
    still.advance(seconds=181)
    assert [one.id for one in site.portal.overview.take().alerts] == ["exporter-stale"]


def test_only_manual_tokens_are_nothing_that_could_stop(build: Build, still: StandingClock):
    site = build(metrics_tokens=PAIR[2:], scraper_expected=True)
    site.scrape(MANUAL)
    still.advance(hours=1)
    assert site.portal.overview.take().alerts == []
