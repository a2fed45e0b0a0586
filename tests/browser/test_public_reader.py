"""The public page under a reader's hands: day cards, times, colours, folds, and polls that disturb
nothing."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.browser.pages import Watched, overflow
from tests.processes import Served

ZONE = "America/New_York"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(
        tmp_path_factory.mktemp("reader") / "data",
        PORTAL_POLL_SECONDS="1",
        PORTAL_RATE_LIMIT="100000/minute",
    ) as server:
        server.fill()
        yield server


@pytest.fixture
def watched(chromium: Browser, demo: Served) -> Iterator[Watched]:
    made = Watched(chromium, timezone_id=ZONE, has_touch=True)
    made.page.goto(demo.address + "/")
    yield made
    assert made.problems == []


def bars_of(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=re.compile(f"^{name}, the last 90 days"))


def height(place: Locator) -> float:
    box = place.bounding_box()
    assert box
    return box["height"]


def test_a_day_has_a_card_by_key(watched: Watched):
    page = watched.page
    bars = bars_of(page, "API")
    bars.focus()
    page.keyboard.press("Enter")
    card = page.get_by_role("group", name="API")
    expect(card).to_contain_text("No problems on this day.")
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    expect(card).to_contain_text("Partial outage")
    expect(card).to_contain_text("55 min")
    expect(card.get_by_role("link", name="Demo: errors from the API")).to_be_visible()
    for button in card.get_by_role("button").all():
        assert height(button) >= 40
    card.get_by_role("button").last.focus()
    page.keyboard.press("Enter")
    expect(card).to_contain_text("No problems on this day.")
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)
    expect(bars).to_be_focused()


@pytest.mark.parametrize("width", [1280, 600, 360])
def test_a_touch_takes_the_nearest_day(watched: Watched, width: int):
    page = watched.page
    page.set_viewport_size({"width": width, "height": 800})
    days = {1280: 90, 600: 60, 360: 30}[width]
    bars = bars_of(page, "Webhooks")
    box = bars.bounding_box()
    assert box
    # Nineteen days ago webhooks were late.
    bars.tap(position={"x": box["width"] * (days - 19.5) / days, "y": 10})
    card = page.get_by_role("group", name="Webhooks")
    expect(card).to_contain_text("Demo: webhooks arrived late")
    mark = page.locator(".day-mark").bounding_box()
    assert mark
    assert abs(mark["x"] + mark["width"] / 2 - box["x"] - box["width"] * (days - 19.5) / days) < 4
    expect(page.locator(f".of-{days}").first).to_be_visible()
    expect(page.locator(f".of-{days}").first).to_contain_text(f"{days} days ago")
    assert overflow(page) <= 0
    card.get_by_role("button", name="Close").tap()
    expect(card).to_have_count(0)


def test_days_are_asked_for_once_however_fast_somebody_steps(watched: Watched):
    page, asked = watched.page, list[Route]()
    page.route("**/components/api", lambda route: asked.append(route))
    with page.expect_request("**/components/api"):
        bars_of(page, "API").press("Enter")
    for key in ("ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowRight"):
        page.keyboard.press(key)
    asked[0].continue_()
    card = page.get_by_role("group", name="API")
    expect(card).to_contain_text("No problems on this day.")
    page.keyboard.press("ArrowLeft")
    expect(card).to_contain_text("Partial outage")
    assert len(asked) == 1


def test_a_day_that_cannot_be_had_says_so(watched: Watched):
    page = watched.page
    page.route("**/components/api", lambda route: route.abort())
    bars_of(page, "API").press("Enter")
    expect(page.get_by_role("group", name="API")).to_contain_text("cannot be shown now")
    watched.problems.clear()


def test_a_poll_that_brings_news_disturbs_nothing(watched: Watched, demo: Served):
    page = watched.page
    page.locator(".subscribe summary").click()
    page.locator("#banner .when summary").first.click()
    bars_of(page, "API").press("Enter")
    # The card is filled once more when the days of its component have come.
    card = page.get_by_role("group", name="API")
    expect(card).to_contain_text("No problems on this day.")
    page.keyboard.press("ArrowLeft")
    group = page.locator("details.group").first
    group.locator("summary").click()
    page.evaluate(
        """() => {
          const title = document.querySelector("#banner h2");
          getSelection().selectAllChildren(title);
          scrollTo(0, 300);
          window.kept = [title, document.activeElement, document.querySelector("#day-of")];
          window.moved = [];
          new MutationObserver((all) => window.moved.push(...all.map((one) => one.target.nodeName)))
            .observe(document.querySelector("#board"), { childList: true, subtree: true });
        }"""
    )

    def seen() -> list[object]:
        return page.evaluate(  # type: ignore[no-any-return]
            """() => [window.kept.every((one) => one.isConnected), String(getSelection()), scrollY,
              document.activeElement === window.kept[1],
              [...document.querySelectorAll("details")].map((one) => one.open)]"""
        )

    before = seen()
    for _ in range(3):
        with page.expect_response("**/banner"):
            pass
    assert seen() == before
    assert page.evaluate("window.moved") == []
    opened = ("incident", "open", "--title", "Late news", "--impact", "minor", "--message", "Hm.")
    demo.run(*opened, "--component", "website=degraded_performance")
    expect(page.locator("#banner")).to_contain_text("Late news")
    expect(page.locator("#board .part", has_text="Website").first).to_contain_text("Degraded")
    after = seen()
    assert after[:4] == before[:4]
    expect(page.get_by_role("group", name="API")).to_be_visible()
    expect(group).not_to_have_attribute("open", "")


def test_times_are_the_readers_own_and_the_others_are_there_on_demand(watched: Watched):
    page = watched.page
    when = page.locator("#banner .when", has=page.locator("dt", has_text="Europe/Berlin")).first
    expect(when.locator("summary")).to_contain_text("your time")
    own = when.locator("summary time").inner_text()
    when.locator("summary").click()
    assert when.locator("dt").all_inner_texts() == ["Europe/Berlin", "UTC"]
    utc = when.locator("dd").last.inner_text()
    assert own != utc
    expect(page.locator(".foot")).to_contain_text("America/New York")
    assert page.locator("time[title]").count() == 0
    page.get_by_role("radio", name="UTC").check()
    expect(when.locator("summary")).to_contain_text("Europe/Berlin")
    page.reload()
    expect(when.locator("summary")).to_contain_text("Europe/Berlin")


def test_the_colours_that_a_reader_chose_stay_without_a_cookie(watched: Watched):
    page = watched.page
    page.emulate_media(color_scheme="light")

    def ground() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    light = ground()
    page.get_by_role("radio", name="Dark").check()
    dark = ground()
    assert dark != light
    page.reload()
    assert ground() == dark
    assert watched.context.cookies() == []
    page.get_by_role("radio", name="Auto").check()
    assert ground() == light
