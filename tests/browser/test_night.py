"""On call at four in the morning, on a phone: what decides is on the first screen, one tap away.

Each task counts its taps and how far it scrolled, and prints both.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.pages import Watched, enter, overflow, photograph, press, sign_in
from tests.patience import until
from tests.processes import Served

PHONE = {"width": 390, "height": 844}


class Thumb:
    """Taps as a person does, and counts taps and screens scrolled."""

    def __init__(self, page: Page, task: str) -> None:
        self.page, self.task = page, task
        self.taps = self.screens = 0.0

    def tap(self, what: Locator) -> None:
        before = self.page.evaluate("scrollY")
        what.scroll_into_view_if_needed()
        self.screens += abs(self.page.evaluate("scrollY") - before) / PHONE["height"]
        box = what.bounding_box()
        assert box is not None
        assert box["height"] >= 40, f"{what} is {box['height']} px high"
        what.click()
        self.taps += 1

    def done(self, taps: int, screens: float = 1) -> None:
        print(f"{self.task}: {self.taps:.0f} taps, {self.screens:.1f} screens scrolled")
        assert self.taps <= taps
        assert self.screens <= screens


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo under pressure, with workers that are late and a scraper that stays away."""
    with Served(
        tmp_path_factory.mktemp("night") / "data",
        PORTAL_TRUSTED_PROXIES="127.0.0.1/32",
        PORTAL_PANEL_POLL_SECONDS="2",
        PORTAL_METRICS_STALE_AFTER="3s",
        PORTAL_RATE_LIMIT="60/minute",
        PORTAL_WORKERS_DECLARED="profileEngagement:1s,newsAggregation:1s",
    ) as server:
        server.fill()
        server.scrape()
        yield server


@pytest.fixture
def phone(chromium: Browser, night: Served) -> Iterator[Page]:
    watched = Watched(chromium, viewport=PHONE, color_scheme="dark", has_touch=True)
    sign_in(night, watched.page)
    press(night)
    watched.page.goto(night.address + "/panel")
    yield watched.page
    assert watched.problems == []


def is_on_first_screen(page: Page, selector: str) -> bool:
    box = page.locator(selector).first.bounding_box()
    return box is not None and box["y"] + box["height"] <= PHONE["height"]


def test_the_four_tasks_of_the_night(phone: Page, night: Served):
    expect(phone.locator("[data-alert=exporter-stale]")).to_be_visible()
    photograph(phone, "night")
    for selector in (".vitals", ".actions > form, .running-now", "#alerts .alert"):
        assert is_on_first_screen(phone, selector), selector
    assert overflow(phone) <= 0
    assert phone.locator("#alerts > .alert").count() <= 3

    expect(phone.locator("#top-consumers .key").first).to_be_visible()
    expect(phone.locator("#card-perimeter .key").first).to_be_visible()

    thumb = Thumb(phone, "window extended")
    thumb.tap(phone.locator(".running-now").get_by_role("button", name="+15 min"))
    expect(phone.locator(".toast")).to_contain_text("runs until")
    thumb.done(taps=1)

    thumb = Thumb(phone, "alert acknowledged")
    thumb.tap(phone.get_by_role("button", name="Acknowledge: Exporter stale"))
    expect(phone.locator(".toast")).to_contain_text("acknowledged by you")
    expect(phone.locator("#alerts > .alert[data-alert=exporter-stale]")).to_have_count(0)
    # The toast lies over no alert's button: the page can be scrolled clear of it.
    thumb.done(taps=1)
    phone.locator(".toast").get_by_role("button", name="Undo").click()
    expect(phone.locator("#alerts > .alert[data-alert=exporter-stale]")).to_be_visible()

    thumb = Thumb(phone, "offender blocked longer")
    longer = phone.get_by_role("button", name="Block 1 h", exact=False)
    if not longer.first.is_visible():
        thumb.tap(phone.locator(".alerts-more > summary").first)
    thumb.tap(longer.first)
    expect(phone.locator(".toast")).to_contain_text("is blocked until")
    thumb.done(taps=2)

    thumb = Thumb(phone, "alert told")
    thumb.tap(phone.get_by_role("link", name="Tell the public…").first)
    preview = phone.locator("#preview .banner")
    expect(preview).to_be_visible()
    thumb.tap(phone.get_by_role("button", name="Open and publish"))
    expect(phone.locator(".toast")).to_contain_text("is open and public")
    thumb.done(taps=2, screens=2)


def test_what_cannot_be_taken_back_asks_first(chromium: Browser, night: Served):
    watched = Watched(chromium)
    page = watched.page
    sign_in(night, page)
    page.goto(night.address + "/panel/perimeter")
    row = page.locator("tr", has_text="192.0.2.128/25")
    row.locator("summary").click()
    row.get_by_role("button", name="Unblock").click()
    dialog = page.locator("dialog#ask")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("Remove the block of the whole range 192.0.2.128/25?")
    # The safe way has the focus, and Escape is the same.
    expect(dialog.get_by_role("button", name="Keep it")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(row).to_contain_text("Active")
    row.get_by_role("button", name="Unblock").click()
    dialog.get_by_role("button", name="Remove block").click()
    expect(page.locator(".toast")).to_contain_text("192.0.2.128/25 is not blocked.")
    assert watched.problems == []


def test_what_was_typed_outlives_the_session(chromium: Browser, night: Served):
    watched = Watched(chromium)
    page = watched.page
    name = sign_in(night, page)
    page.goto(night.address + "/panel/windows/new")
    page.get_by_label("Title", exact=True).fill("Search index upgrade")
    page.locator(".picker-box input").fill("sea")
    page.keyboard.press("Enter")
    page.locator(".more > summary", has_text="More").click()
    page.get_by_label("Message", exact=True).fill("Results may be incomplete.")
    page.locator(".more > summary", has_text="Translations").click()
    page.locator(".more details > summary", has_text="German").click()
    page.get_by_label("Title in German").fill("Neuer Suchindex")
    kept = "() => Object.keys(sessionStorage).some(key => key.endsWith(':/panel/windows/new'))"
    until(lambda: page.evaluate(kept), what="the draft")
    # The last preview is there; one that came later would ask to sign in by itself.
    expect(page.locator("#preview")).to_contain_text("German")
    watched.context.clear_cookies()
    page.get_by_role("button", name="Schedule").click()
    enter(page, name)
    expect(page.locator(".draft")).to_contain_text("was not saved")
    page.get_by_role("button", name="Bring it back").click()
    assert page.get_by_label("Title", exact=True).input_value() == "Search index upgrade"
    assert page.locator("#impact-search").input_value() == "under_maintenance"
    # What was typed into a fold is seen again.
    expect(page.get_by_label("Title in German")).to_be_visible()
    assert page.get_by_label("Title in German").input_value() == "Neuer Suchindex"
    expect(page.get_by_label("Title in French")).not_to_be_visible()
    page.get_by_role("button", name="Schedule").click()
    expect(page.locator(".toast")).to_contain_text("Search index upgrade starts")
    # Saved once, it is offered no more.
    page.goto(night.address + "/panel/windows/new")
    expect(page.locator(".draft")).to_have_count(0)


def test_components_are_found_by_the_keyboard(chromium: Browser, night: Served):
    watched = Watched(chromium)
    page = watched.page
    sign_in(night, page)
    page.goto(night.address + "/panel/incidents/new")
    search = page.get_by_role("combobox", name="Add a component")
    search.focus()
    expect(page.get_by_role("listbox")).to_be_visible()
    page.keyboard.type("api")
    page.keyboard.press("Enter")
    expect(page.locator("#impact-api")).to_have_value("partial_outage")
    expect(page.locator("#impact-search")).to_be_hidden()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator(".picker-row:visible").count() == 2
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    page.keyboard.press("Backspace")
    assert page.locator(".picker-row:visible").count() == 1
    page.get_by_role("button", name="Remove API").click()
    assert page.locator(".picker-row:visible").count() == 0
    assert watched.problems == []
