"""Panel and public page in real Chromium: no violation, no console error, and the whole journey."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.pages import Watched, photograph, sign_in
from tests.patience import has, needed
from tests.processes import Served
from tests.prometheus import Prometheus


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    # A scrape a second is late by fifteen on no machine; if one were, the alert would come twice in
    # one episode, and the snackbar comes once.
    with Served(
        tmp_path_factory.mktemp("panel") / "data",
        PORTAL_PANEL_POLL_SECONDS="1",
        PORTAL_POLL_SECONDS="2",
        PORTAL_METRICS_STALE_AFTER="15s",
        PORTAL_RATE_LIMIT="100000/minute",
    ) as server:
        yield server


def test_maintenance_now_extend_and_end_with_the_keyboard(chromium: Browser, served: Served):
    watched = Watched(chromium)
    page = watched.page
    sign_in(served, page)
    public = watched.context.new_page()
    public.goto(served.address + "/")
    heading = public.get_by_role("heading", name="Under maintenance")
    expect(heading).to_have_count(0)
    button = page.get_by_role("button", name="Maintenance now, 30 min")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#card-maintenance")).to_contain_text("1 running")
    # The public page takes it in by its own poll, without a reload.
    expect(heading).to_be_visible()
    served.run("maintenance", "extend", "--duration", "15m")
    expect(page.locator("#card-maintenance")).to_contain_text("ends in 44 min")
    page.locator("#card-maintenance").get_by_role("button", name="End now").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#card-maintenance")).to_contain_text("No maintenance is running")
    expect(heading).to_have_count(0)
    page.goto(served.address + "/panel/audit")
    for act in ("planned", "extended", "ended"):
        said = re.compile(rf"\b{act} Maintenance")
        expect(page.locator(".log p", has_text=said)).to_have_count(1)
    assert watched.problems == []


def test_a_dismissed_banner_stays_dismissed(chromium: Browser, served: Served):
    served.run("announce", "--title", "Slow mail", "--severity", "info", "--duration", "1h")
    page = Watched(chromium).page
    page.goto(served.address + "/")
    expect(page.get_by_text("Slow mail")).to_be_visible()
    page.locator("[data-dismiss]").click()
    expect(page.get_by_text("Slow mail")).to_be_hidden()
    page.reload()
    with page.expect_response("**/banner*"):
        pass  # one poll
    expect(page.get_by_text("Slow mail")).to_be_hidden()


def test_a_portal_that_does_not_answer_is_told_and_taken_back(chromium: Browser, served: Served):
    watched = Watched(chromium)
    page = watched.page
    sign_in(served, page)
    served.stop()
    snackbar = page.locator("#snackbar")
    expect(snackbar).to_be_visible()
    expect(page.locator("#card-exporter")).to_contain_text("does not answer")
    expect(page.locator("#card-database")).to_contain_text("Size")
    photograph(page, "portal-silent")
    page.locator("#snackbar button").click()
    expect(snackbar).to_be_hidden()
    for _ in range(2):  # polls of the same episode
        page.wait_for_event("requestfailed")
    expect(snackbar).to_be_hidden()
    served.start()
    expect(page.locator("#card-exporter")).not_to_contain_text("does not answer")
    assert page.locator("#snackbar").is_hidden()


def test_a_real_prometheus_stops_and_comes_back(chromium: Browser, served: Served, tmp_path: Path):
    if not has("prometheus"):
        assert not needed("prometheus")
        pytest.skip("no Prometheus; on Debian: apt-get install prometheus")
    watched = Watched(chromium, viewport={"width": 1320, "height": 1240})
    page = watched.page
    sign_in(served, page)
    page.evaluate("window.untouched = true")
    alert, snackbar = page.locator("[data-alert=exporter-stale]"), page.locator("#snackbar")
    with Prometheus(served, tmp_path) as prometheus:
        expect(page.locator("#card-exporter")).to_contain_text("Fresh")
        expect(alert).to_have_count(0)
        prometheus.stop()
        expect(alert).to_have_count(1)
        expect(snackbar).to_be_visible()
        photograph(page, "exporter-stale")
        assert served.get("/health/ready").status == 200
        prometheus.start()
        expect(alert).to_have_count(0)
        expect(snackbar).to_be_hidden()
        photograph(page, "exporter-recovered")
        assert page.evaluate("window.untouched") is True
        assert watched.problems == []
