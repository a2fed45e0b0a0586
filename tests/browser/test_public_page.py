"""The public page in Chromium while nothing happens: how old it says that it is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.browser.pages import Watched
from tests.processes import Served

POLL_SECONDS = 2
NOTE = "#stale-note"


@pytest.fixture
def quiet(tmp_path: Path) -> Iterator[Served]:
    """Nobody changes anything, so that the tag stands still and polls are answered with 304."""
    settings = {"PORTAL_POLL_SECONDS": str(POLL_SECONDS), "PORTAL_RATE_LIMIT": "100000/minute"}
    with Served(tmp_path / "data", **settings) as server:
        yield server


def updated(page: Page) -> str:
    stamp = page.locator("#board [data-updated]").get_attribute("datetime")
    assert stamp
    return stamp


def polled(page: Page) -> Response:
    """The next poll's answer."""
    with page.expect_response("**/banner") as found:
        pass
    return found.value


@pytest.mark.fault(40)
def test_a_quiet_page_is_as_old_as_the_last_answer(chromium: Browser, quiet: Served):
    watched = Watched(chromium)
    page = watched.page
    page.goto(quiet.address + "/")
    page.evaluate(
        "() => { window.notes = []; new MutationObserver(() => window.notes.push("
        "document.querySelector('#stale-note').textContent)).observe("
        "document.querySelector('#stale-note'), {childList: true, subtree: true}); }"
    )
    stamps = [updated(page)]
    while len(set(stamps)) < 6:
        polled(page)
        stamps.append(updated(page))
    assert stamps == sorted(stamps)
    assert page.evaluate("window.notes.filter(Boolean)") == []
    expect(page.locator(NOTE)).to_be_empty()
    assert watched.problems == []


def test_a_page_that_the_browser_kept_is_not_called_old(chromium: Browser, quiet: Served):
    """A page loaded from an older copy asks at once, before it says anything."""
    page = Watched(chromium).page
    old = quiet.get("/").text
    stamp = old.split('data-updated="')[1].split('"')[0]
    kept = old.replace(stamp, "2020-01-01T00:00:00Z")
    page.route(
        quiet.address + "/", lambda route: route.fulfill(body=kept, content_type="text/html")
    )
    page.goto(quiet.address + "/")
    expect(page.locator("#board [data-updated]")).not_to_have_attribute(
        "datetime", "2020-01-01T00:00:00Z"
    )
    expect(page.locator(NOTE)).to_be_empty()


def test_a_portal_that_is_silent_is_told_in_whole_sentences(chromium: Browser, quiet: Served):
    page = Watched(chromium).page
    page.goto(quiet.address + "/")
    polled(page)
    page.context.set_offline(True)
    expect(page.locator(NOTE)).to_contain_text("the portal does not answer.")
    line = page.locator("section.state p")
    expect(line).to_contain_text("ago")
    assert "Showing" not in line.inner_text()
    assert page.locator(NOTE).inner_text().startswith("Showing what we knew ")
    page.context.set_offline(False)
    expect(page.locator(NOTE)).to_be_empty()
