"""From an empty portal to a public page with three monitors of one's own, by the guide alone.

What it takes is counted and printed: taps, typed fields and pages. Nothing is timed.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Frame, Locator, Page, expect

from tests.browser.pages import Watched, overflow, photograph
from tests.monitors.kinds.looks import OK
from tests.monitors.servers import saying, serving
from tests.patience import until
from tests.people import PASSWORD
from tests.processes import Served

LOOKS = [(1280, "light"), (1280, "dark"), (360, "light"), (360, "dark")]
USUAL = {"width": 1280, "height": 800}


class Newcomer:
    """Does what a person does, and counts it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.taps = self.typed = self.pages = 0
        page.on("framenavigated", self._turn)

    def _turn(self, frame: Frame) -> None:
        self.pages += frame == self.page.main_frame

    def tap(self, what: Locator) -> None:
        self.taps += 1
        with self.page.expect_navigation():
            what.click()

    def visit(self, address: str) -> None:
        """Type an address, which counts as a field."""
        self.typed += 1
        self.page.goto(address)

    def type(self, label: str, text: str) -> None:
        self.typed += 1
        self.page.get_by_label(label, exact=True).fill(text)

    def show(self, name: str) -> None:
        """Nothing is wider than its window; pictures for whoever asked for them."""
        for width, scheme in LOOKS:
            self.page.set_viewport_size({"width": width, "height": 800})
            self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert overflow(self.page) <= 0, f"{name} at {width}"
            photograph(self.page, f"start-{name}-{width}-{scheme}")
        self.page.set_viewport_size(USUAL)  # type: ignore[arg-type]
        self.page.emulate_media(color_scheme="light")

    def done(self, *, taps: int, typed: int, pages: int) -> None:
        print(f"\nthree monitors: {self.taps} taps, {self.typed} typed fields, {self.pages} pages")
        assert self.taps <= taps
        assert self.typed <= typed
        assert self.pages <= pages


@pytest.fixture
def targets() -> Iterator[list[str]]:
    """What is to be watched: three sites that are well."""
    with ExitStack() as stack:
        ports = [stack.enter_context(serving(saying(OK))) for _ in range(3)]
        yield [f"http://127.0.0.1:{port}/health" for port in ports]


def test_three_monitors_by_the_guide(chromium: Browser, tmp_path: Path, targets: list[str]):
    with Served(tmp_path / "data", PORTAL_SITE_NAME="Acme status") as served:
        link = re.search(r"\S+/panel/first-run/\S+", served.output)
        assert link
        watched = Watched(chromium, viewport=USUAL)
        page = watched.page
        one = Newcomer(page)
        page.goto(link.group(0))
        one.show("1-account")
        one.type("Name", "ada")
        one.type("Password", PASSWORD)
        one.tap(page.locator("main button[type=submit]"))
        one.show("2-panel")
        one.tap(page.get_by_role("main").get_by_role("link", name="Set up a first monitor"))
        one.show("3-guide")
        one.tap(page.get_by_role("button", name="Add"))
        one.show("4-component")
        one.type("Address", targets[0])
        one.tap(page.get_by_role("button", name="Watch this"))
        one.show("5-first")
        for url in targets[1:]:
            one.type("Another address", url)
            one.tap(page.get_by_role("button", name="Watch this too"))
        one.show("6-third")
        one.tap(page.get_by_role("link", name="Add people"))
        one.type("URL", "https://hooks.example.org/status")
        one.tap(page.locator("aside button[type=submit]"))
        one.show("7-told")
        one.visit(f"{served.address}/panel/start")
        expect(page.get_by_role("heading", level=1)).to_have_text("Everything is set up")
        expect(page.get_by_text("4 of 4 done")).to_be_visible()
        one.show("8-done")
        one.tap(page.get_by_role("link", name="Open it"))
        expect(page.locator("#banner")).to_contain_text("All systems operational")
        one.show("9-public")
        one.done(taps=9, typed=7, pages=11)
        page.goto(f"{served.address}/panel/monitors")
        expect(page.locator(".monitors tbody tr")).to_have_count(3)
        expect(page.locator(".monitors tbody .state-word")).to_have_count(3)
        one.show("10-monitors")
        page.locator(".monitors tbody a").first.click()
        # Nothing of a monitor is public before somebody says so.
        expect(page.get_by_role("heading", name="Badge")).to_have_count(0)
        page.get_by_role("link", name="Edit").click()
        page.get_by_text("When it counts, and from where").click()
        page.get_by_label("Public: its response time").check()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", name="Badge")).to_be_visible()
        snippet = page.get_by_label("For other pages").input_value()
        badge = re.search(r'src="([^"]+)"', snippet)
        assert badge
        one.show("11-monitor")
        photograph(page, "start-12-badge", page.locator(".badge-shown"))
        picture = f"/monitors/{badge.group(1).split('/monitors/')[1]}"
        # A picture is as old as the page that shows it.
        until(lambda: "up · 100.00" in served.get(picture).text, what="the badge's uptime")
        assert watched.problems == []
