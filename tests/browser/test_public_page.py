"""The public page in Chromium: how old it says that it is, and what it asks for when."""

import re
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


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Served]:
    settings = {"PORTAL_POLL_SECONDS": str(POLL_SECONDS), "PORTAL_RATE_LIMIT": "100000/minute"}
    with Served(tmp_path / "data", **settings) as server:
        server.fill()
        yield server


def updated(page: Page) -> str:
    stamp = page.locator("#banner [data-updated]").get_attribute("datetime")
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
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    page.goto(quiet.address + "/")
    page.wait_for_load_state("load")
    # It has just come: it says so, and need not ask.
    assert page.locator("section.state p").inner_text().endswith("updated 0 s ago")
    assert len(asked) <= 6
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
    stamp = re.search(r'datetime="([^"]+)" data-updated', old)
    assert stamp
    kept = old.replace(stamp.group(1), "2020-01-01T00:00:00Z")
    page.route(
        quiet.address + "/", lambda route: route.fulfill(body=kept, content_type="text/html")
    )
    page.goto(quiet.address + "/")
    expect(page.locator("#banner [data-updated]")).not_to_have_attribute(
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


def test_without_javascript_a_name_leads_to_the_days(chromium: Browser, demo: Served):
    page = Watched(chromium, java_script_enabled=False).page
    page.goto(demo.address + "/")
    page.get_by_role("link", name="Sign-in").click()
    expect(page.get_by_role("heading", level=1, name="Sign-in: Operational")).to_be_visible()
    expect(page.locator(".days-list li")).to_have_count(1)
    expect(page.locator(".thirds")).to_contain_text("2 h 10 min down")


def test_the_rest_of_the_page_follows_when_it_is_another_one(chromium: Browser, demo: Served):
    watched = Watched(chromium)
    page = watched.page
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    page.goto(demo.address + "/")
    polled(page)
    assert [one for one in asked if one.endswith("/board")] == []
    opened = ("incident", "open", "--title", "Cable cut", "--impact", "major")
    demo.run(*opened, "--message", "We **look**.", "--component", "api=major_outage")
    expect(page.locator("#banner")).to_contain_text("Cable cut")
    api = page.locator("#board .part", has=page.get_by_text("API", exact=True))
    expect(api.locator(".pill")).to_contain_text("Major outage")
    # How long a window is left is told by the browser.
    expect(page.locator("#banner .banner-left").first).to_contain_text(re.compile(r"\d min left"))
    reference = page.get_by_role("link", name="Cable cut").get_attribute("href")
    assert reference
    told = ("--status", "identified", "--message", "Found it.")
    demo.run("incident", "update", reference.rpartition("/")[2], *told)
    expect(page.locator("#banner")).to_contain_text("Found it.")
    expect(page.locator("#banner .pill", has_text="Identified").first).to_be_visible()
    page.get_by_role("link", name="Details and all 2 updates").click()
    expect(page.locator(".timeline .prose strong")).to_have_text("look")
    assert watched.problems == []
