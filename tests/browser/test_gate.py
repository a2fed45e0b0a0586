"""The perimeter's cards in real Chromium: from an offender to a block, and a picture of each."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.pages import Watched, overflow, photograph, press, sign_in
from tests.processes import Served


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(
        tmp_path_factory.mktemp("gate") / "data",
        PORTAL_PANEL_POLL_SECONDS="20",
        PORTAL_TRUSTED_PROXIES="127.0.0.1/32",
        PORTAL_WORKERS_DECLARED="profileEngagement:30s,newsAggregation:60s",
        # An hour, so that no new window begins meanwhile; the pages that poll stay below it.
        PORTAL_RATE_LIMIT="500/hour",
        PORTAL_SITE_NAME="Example status",
    ) as server:
        yield server


def test_from_an_offender_to_an_extended_block_without_a_reload(chromium: Browser, gated: Served):
    from_offender = {"X-Forwarded-For": "198.51.100.7"}
    press(gated, hits=510)
    watched = Watched(
        chromium,
        viewport={"width": 1320, "height": 1000},
        extra_http_headers={"X-Forwarded-For": "192.0.2.77"},
    )
    page = watched.page
    sign_in(gated, page)
    page.evaluate("window.untouched = true")
    offender = page.locator("#top-consumers tr", has_text="198.51.100.7")
    assert gated.get("/api/status", **from_offender).status == 429
    offender.get_by_role("button", name="Block 1 h").focus()
    page.keyboard.press("Enter")
    block = page.locator("#blocks tr", has_text="198.51.100.7")
    expect(block).to_contain_text("59 min")
    assert gated.get("/api/status", **from_offender).status == 403
    expect(offender).to_contain_text("blocked")
    block.get_by_role("button", name="+30 min").focus()
    page.keyboard.press("Enter")
    expect(block).to_contain_text("1 h 29 min")
    block.get_by_role("button", name="Remove").focus()
    page.keyboard.press("Enter")
    expect(block).to_have_count(0)
    assert gated.get("/api/status", **from_offender).status == 429
    assert page.evaluate("window.untouched") is True
    assert watched.problems == []


def test_every_card_is_there_and_fits_wide_and_narrow(chromium: Browser, gated: Served):
    press(gated, hits=510)
    gated.scrape()
    watched = Watched(chromium)
    page = watched.page
    sign_in(gated, page)
    for width in (1320, 360):
        page.set_viewport_size({"width": width, "height": 1000})
        page.goto(gated.address + "/panel")
        cards = page.locator("[data-card]")
        names = [one.get_attribute("data-card") for one in cards.all()]
        assert len(names) == 9
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            photograph(page, f"pressed-{scheme}-{width}")
            for name in names:
                card = page.locator(f"#card-{name}")
                photograph(page, f"card-{name}-{scheme}-{width}", card)
            assert overflow(page) <= 0
    assert watched.problems == []
