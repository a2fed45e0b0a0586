"""Draw the icons that are no SVG from `static/favicon.svg`: `python -m docs.icons`."""

import shutil
import struct
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import QUIET

STATIC = Path(__file__).parents[1] / "static"


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("No Chromium; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        (STATIC / "touch-icon.png").write_bytes(_drawn(browser, 180))
        (STATIC / "favicon.ico").write_bytes(_ico(_drawn(browser, 32), 32))
        browser.close()


def _drawn(browser: Browser, size: int) -> bytes:
    page = browser.new_page(viewport={"width": size, "height": size})
    svg = (STATIC / "favicon.svg").read_text()
    page.set_content(f"<style>body{{margin:0}}svg{{display:block;width:{size}px}}</style>{svg}")
    picture: bytes = page.screenshot(omit_background=True)
    return picture


def _ico(png: bytes, size: int) -> bytes:
    """One picture in the container that old browsers ask for."""
    entry = struct.pack("<BBBBHHII", size, size, 0, 0, 1, 32, len(png), 22)
    return struct.pack("<HHH", 0, 1, 1) + entry + png


if __name__ == "__main__":
    main()
