"""The panel's poll in real Chromium: one request, and what a reader has under way stays."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.pages import Watched, press, sign_in
from tests.processes import Served

POLL = re.compile(r"/panel/cards\?")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(
        tmp_path_factory.mktemp("polls") / "data",
        PORTAL_PANEL_POLL_SECONDS="1",
        PORTAL_RATE_LIMIT="1000/minute",
        PORTAL_TRUSTED_PROXIES="127.0.0.1/32",
    ) as server:
        yield server


@pytest.fixture
def page(chromium: Browser, served: Served) -> Iterator[Page]:
    watched = Watched(chromium, viewport={"width": 1320, "height": 700})
    press(served)
    sign_in(served, watched.page)
    yield watched.page
    assert watched.problems == []


def polled(page: Page) -> None:
    """One poll and what comes of it."""
    with page.expect_response(POLL):
        pass
    page.wait_for_timeout(50)


def test_one_request_asks_for_all_cards(page: Page):
    polled(page)  # by now the page has its icon
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    for _ in range(3):
        polled(page)
    assert asked
    assert all(POLL.search(one) for one in asked), asked
    assert all(one.count("have=") == 11 for one in asked)


def test_a_changed_card_keeps_what_a_reader_has_under_way(page: Page, served: Served):
    card = page.locator("#card-waf")
    card.locator("summary").click()
    expect(card.locator("details")).to_have_attribute("open", "")
    card.locator("summary").focus()
    page.evaluate(
        """() => {
          const heading = document.getElementById("title-waf");
          getSelection().selectAllChildren(heading);
          window.scrollTo(0, 400);
          window.kept = [document.activeElement, heading, heading.closest("section")];
        }"""
    )
    scrolled = page.evaluate("scrollY")
    before = card.locator("dd").nth(1).inner_text()
    served.get("/history?month=1'%20UNION%20SELECT%201--", **{"X-Forwarded-For": "203.0.113.50"})
    expect(card.locator("dd").nth(1)).not_to_have_text(before)
    expect(card.locator("details")).to_have_attribute("open", "")
    found = page.evaluate(
        """() => [
          window.kept.every((one) => one.isConnected),
          document.activeElement === window.kept[0],
          String(getSelection()),
          scrollY,
        ]"""
    )
    assert found == [True, True, "WAF", scrolled]


def test_a_button_never_becomes_that_of_another_row(page: Page, served: Served):
    """Who has the focus on one client's button must not block another that came before it."""
    card = page.locator("#card-rate-limit")
    name = "Block 1 h: ip:198.51.100.7"
    card.get_by_role("button", name=name).focus()
    page.evaluate("window.held = document.activeElement")
    for _ in range(80):
        served.get("/api/status", **{"X-Forwarded-For": "192.0.2.77"})
    expect(card.get_by_role("button", name="Block 1 h: ip:192.0.2.77")).to_be_visible()
    held = page.evaluate(
        "[held.isConnected, held.getAttribute('aria-label'), document.activeElement === held]"
    )
    assert held in ([True, name, True], [False, name, False])


def test_a_card_that_is_left_out_is_confirmed_by_the_answer(page: Page):
    age = page.locator("#card-readiness [data-answered]")
    first = age.get_attribute("datetime")
    page.evaluate("document.getElementById('card-readiness').dataset.untouched = 'yes'")
    for _ in range(3):
        polled(page)
    expect(page.locator("#card-readiness")).to_have_attribute("data-untouched", "yes")
    assert (age.get_attribute("datetime") or "") > (first or "")
    expect(age).to_have_text(re.compile(r"^[0-2] s ago$"))


def test_an_act_is_shown_at_once_and_keeps_the_focus(page: Page):
    page.get_by_role("button", name="Maintenance now, 30 min").click()
    card = page.locator("#card-maintenance")
    expect(card).to_contain_text("1 running")
    longer = card.get_by_role("button", name="Extend Maintenance by 15 minutes")
    longer.focus()
    page.keyboard.press("Enter")
    expect(card).to_contain_text("ends in 44 min")
    expect(longer).to_be_focused()
    # The version of the form is the new one: a second press is no conflict.
    page.keyboard.press("Enter")
    expect(card).to_contain_text("ends in 59 min")
    expect(page.locator("#act-error")).to_be_hidden()
    card.get_by_role("button", name="End now").click()
    expect(card).to_contain_text("No maintenance is running")


def test_ten_minutes_of_polls_on_a_busy_panel_move_nothing(page: Page, served: Served):
    """As many polls as ten minutes have, with traffic between them that changes the cards."""
    page.locator("#card-waf summary").click()
    page.locator("#card-waf summary").focus()
    page.evaluate("getSelection().selectAllChildren(document.getElementById('title-waf'))")
    page.evaluate("window.scrollTo(0, 300)")
    page.evaluate(
        """() => {
          window.said = [];
          const look = () => window.said.push(document.getElementById("said").textContent);
          new MutationObserver(look).observe(document.getElementById("said"), { childList: true });
        }"""
    )
    state = """() => [
      document.activeElement?.textContent, String(getSelection()), scrollY,
      document.querySelector("#card-waf details").open,
    ]"""
    before, alerts = page.evaluate(state), page.locator("#alerts .alert-kind").all_inner_texts()
    for number in range(60):
        served.get("/history?month=1'%20UNION%20SELECT%201--", **{"X-Forwarded-For": "203.0.113.9"})
        with page.expect_response(POLL):
            page.evaluate("htmx.trigger(document.getElementById('figures'), 'portal:poll')")
        page.wait_for_timeout(20)
        assert page.evaluate(state) == before, f"after poll {number}"
    # Said only when the alerts are others than before.
    now = page.locator("#alerts .alert-kind").all_inner_texts()
    assert len(page.evaluate("window.said")) <= len(set(now) ^ set(alerts)) + 1
