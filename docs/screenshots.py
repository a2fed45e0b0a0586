"""Take the README's pictures: the demo in a real browser, light and dark, and one of its mails."""

import re
import shutil
import sys
import tempfile
from email.message import EmailMessage
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import QUIET
from tests.browser.pages import press, sign_up
from tests.journeys.test_commands import subscribe
from tests.notify.post import Post, serving, text_of
from tests.patience import until
from tests.processes import Served

TARGET = Path(__file__).with_name("images")


def main() -> None:
    """Serve a fresh demo on loopback and photograph public page and panel."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("No Chromium; on Debian: apt-get install chromium")
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, serving(Post()) as post:
        served = Served(
            Path(folder) / "data",
            PORTAL_SITE_NAME="Example status",
            PORTAL_TRUSTED_PROXIES="127.0.0.1/32",
            PORTAL_WORKERS_DECLARED="profileEngagement:1h,newsAggregation:1h",
            PORTAL_RATE_LIMIT="60/minute",
            PORTAL_SMTP_URL=f"smtp://127.0.0.1:{post.port}",
            PORTAL_MAIL_FROM="Example status <status@example.com>",
        )
        served.environ["PORTAL_EXTERNAL_URL"] = served.address
        with served, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
            _photograph(served, post, browser)
            browser.close()


def _photograph(served: Served, post: Post, browser: Browser) -> None:
    subscribe(served, post)
    served.run("demo")
    press(served)
    served.scrape()
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
                viewport={"width": 1320, "height": 1000}, color_scheme="dark", storage_state=state
            )
        page.goto(served.address + "/panel")
        page.wait_for_timeout(500)
        page.screenshot(path=TARGET / f"panel-{scheme}.png")
        if scheme == "light":
            _records(served, page)
    _mail(post, browser)


def _records(served: Served, page: Page) -> None:
    """An incident as operators see it, and a window as everyone does."""
    page.set_viewport_size({"width": 1100, "height": 900})
    page.goto(served.address + "/panel/incidents")
    page.get_by_role("link", name="Demo: reports are late").first.click()
    page.get_by_role("button", name="Capture a snapshot").click()
    page.evaluate("window.scrollTo(0, 0)")
    page.screenshot(path=TARGET / "incident-light.png")
    page.goto(served.address + "/panel/maintenance")
    window = re.search(r"/panel/windows/(m-\w+)\">Demo: search", page.content())
    assert window
    page.set_viewport_size({"width": 900, "height": 520})
    page.goto(f"{served.address}/maintenance/{window.group(1)}")
    page.screenshot(path=TARGET / "window-light.png")


def _mail(post: Post, browser: Browser) -> None:
    """The mail on the incident, as a mail program shows it."""

    def found() -> list[EmailMessage]:
        return [one for _, one in post.taken if "reports are late" in str(one["Subject"])]

    (mail,) = until(found, what="the mail on the incident")
    page = browser.new_page(viewport={"width": 700, "height": 520}, color_scheme="light")
    page.set_content(text_of(mail, "html"))
    page.screenshot(path=TARGET / "mail-light.png")


if __name__ == "__main__":
    main()
