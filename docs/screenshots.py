"""Take the README's pictures: the demo in a real browser, light and dark."""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.test_panel import QUIET, press, sign_up
from tests.processes import Served

TARGET = Path(__file__).with_name("images")


def main() -> None:
    """Serve a fresh demo on loopback and photograph public page and panel."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("No Chromium; on Debian: apt-get install chromium")
    TARGET.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        Served(
            Path(folder) / "data",
            PORTAL_SITE_NAME="Example status",
            PORTAL_TRUSTED_PROXIES="127.0.0.1/32",
            PORTAL_WORKERS_DECLARED="profileEngagement:1h,newsAggregation:1h",
            PORTAL_RATE_LIMIT="60/minute",
        ) as served,
        sync_playwright() as playwright,
    ):
        served.run("demo")
        press(served)
        served.scrape()
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        for scheme in ("light", "dark"):
            page = browser.new_page(
                viewport={"width": 900, "height": 1180},
                color_scheme=scheme,  # type: ignore[arg-type]
            )
            page.goto(served.address + "/")
            page.screenshot(path=TARGET / f"public-{scheme}.png")
            page.set_viewport_size({"width": 1320, "height": 1000})
            if scheme == "light":
                sign_up(served, page)
                state = page.context.storage_state()
            else:
                page = browser.new_page(
                    viewport={"width": 1320, "height": 1000},
                    color_scheme="dark",
                    storage_state=state,
                )
            page.goto(served.address + "/panel")
            page.wait_for_timeout(500)
            page.screenshot(path=TARGET / f"panel-{scheme}.png")
        browser.close()


if __name__ == "__main__":
    main()
