"""The banner on pages of others, in real Chromium and across origins."""

import http.server
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.pages import Watched
from tests.ports import free_port
from tests.processes import Served

PAGE = """<!doctype html><title>Shop</title><style>a {{ display: none; color: red; }}</style>
<h1>Shop</h1><div id="place"></div>
<script src="{portal}/embed/banner.js" async data-target="#place" {more}></script>
<iframe src="{portal}/embed" title="Status"></iframe>"""


class Shop:
    """A site of others with a strict policy of its own."""

    def __init__(self) -> None:
        self.page = self.policy = ""
        shop = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Security-Policy", shop.policy)
                self.end_headers()
                self.wfile.write(shop.page.encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_the_banner_and_the_frame_stand_on_another_site(chromium: Browser, tmp_path, shop: Shop):
    settings = {"PORTAL_EMBED_ORIGINS": shop.address, "PORTAL_POLL_SECONDS": "1"}
    with Served(tmp_path / "data", **settings) as portal:
        shop.page = PAGE.format(portal=portal.address, more="")
        at = portal.address
        shop.policy = (
            f"default-src 'none'; script-src {at}; connect-src {at}; frame-src {at};"
            " style-src 'unsafe-inline'"
        )
        watched = Watched(chromium)
        page = watched.page
        page.goto(shop.address)
        banner = page.locator("#place > div")
        # Nothing is wrong, so nothing is shown.
        expect(banner).to_be_attached()
        expect(banner).to_be_hidden()
        expect(page.frame_locator("iframe").locator("h1")).to_have_text("Nothing is monitored yet")
        opened = ("incident", "open", "--title", "Cable cut", "--impact", "major")
        portal.run(*opened, "--message", "We look.")
        expect(banner).to_be_visible()
        box = banner.bounding_box()
        assert box
        assert box["height"] > 20
        expect(page.frame_locator("iframe").locator("#banner")).to_contain_text("Cable cut")
        assert watched.context.cookies() == []
        assert [one for one in watched.problems if "favicon" not in one] == []


def test_a_site_that_is_not_named_may_not_show_the_frame(chromium: Browser, tmp_path, shop: Shop):
    with Served(tmp_path / "data") as portal:
        shop.page = PAGE.format(portal=portal.address, more='data-always="yes"')
        watched = Watched(chromium)
        watched.page.goto(shop.address)
        expect(watched.page.locator("#place > div")).to_be_visible()
        assert watched.page.frames[1].url.startswith("chrome-error:")
        assert any("frame-ancestors" in one for one in watched.problems)
