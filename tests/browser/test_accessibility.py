"""axe-core finds no violation of WCAG 2.2 AA on any page, light and dark, wide and narrow."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.axe import COLOUR_RULES, RULES, WCAG, violations
from tests.browser.pages import Watched, every_page, overflow, photograph, press, sign_up
from tests.notify.post import Post, serving, text_of
from tests.patience import until
from tests.processes import Served

# A mail has no landmarks: programs that show it have their own.
MAIL_RULES = {"runOnly": {"type": "tag", "values": WCAG}}


@pytest.fixture(scope="module")
def post() -> Iterator[Post]:
    with serving(Post()) as made:
        yield made


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, post: Post) -> Iterator[Served]:
    """The demo with a mail server, a dead letter and a retrospective."""
    served = Served(
        tmp_path_factory.mktemp("demo") / "data",
        PORTAL_RATE_LIMIT="100000/minute",
        PORTAL_SITE_NAME="Example status",
        PORTAL_SMTP_URL=f"smtp://127.0.0.1:{post.port}",
        PORTAL_TRUSTED_PROXIES="127.0.0.1/32",
        PORTAL_MAIL_FROM="Example status <status@example.com>",
        PORTAL_MAIL_RATE="100/second",
        PORTAL_WORKERS_DECLARED="profileEngagement:30s,newsAggregation:60s",
    )
    served.environ["PORTAL_EXTERNAL_URL"] = served.address
    with served as server:
        server.fill()
        press(server)
        yield server


def ask_channel(page: Page, demo: Served, language: str) -> str:
    """Ask for a webhook at a name that nobody has; the page on which its code is typed."""
    page.goto(f"{demo.address}/subscribe?kind=webhook&lang={language}")
    page.fill("#address", f"https://hooks.example/portal/{language}")
    page.keyboard.press("Enter")
    page.wait_for_url("**/subscribe/code/**")
    return page.url.removeprefix(demo.address)


def test_no_page_violates_wcag_nor_is_wider_than_a_phone(
    chromium: Browser, demo: Served, post: Post
):
    watched = Watched(chromium)
    page = watched.page
    sign_up(demo, page)
    public = watched.context.new_page()
    public.goto(demo.address + "/subscribe")
    public.get_by_label("Your email address").fill("ada@example.com")
    public.keyboard.press("Enter")
    until(lambda: post.taken, what="the question")
    question = re.search(r"(/subscribe/\S+)", text_of(post.taken[0][1]))
    assert question
    asked = [ask_channel(public, demo, language) for language in ("en", "ar")]
    paths = [question.group(1), *asked, *every_page(page, demo)]
    found: list[Any] = []
    for path in paths:
        page.goto(demo.address + path)
        page.wait_for_load_state("networkidle" if path == "/api/docs" else "load")
        name = re.sub(r"\W+", "-", path)[:40].strip("-") or "public"
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            assert overflow(page) <= 0, f"{path} at {width} px"
            for scheme, rules in (("light", RULES), ("dark", COLOUR_RULES)):
                page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                photograph(page, f"{name}-{scheme}-{width}")
                found += [(path, width, scheme, *one) for one in violations(page, rules)]
    watched.context.clear_cookies()
    page.goto(demo.address + "/panel/login")
    found += violations(page, RULES)
    mails = watched.context.new_page()
    for _, mail in post.taken:
        mails.set_content(text_of(mail, "html"))
        found += [(str(mail["Subject"]), *one) for one in violations(mails, MAIL_RULES)]
    assert not found, "\n".join(str(one) for one in found)
    assert [one for one in watched.problems if "404" not in one] == []


def test_the_public_page_says_everything_without_javascript(chromium: Browser, demo: Served):
    page = Watched(chromium, java_script_enabled=False).page
    page.goto(demo.address + "/")
    text = page.inner_text("body")
    for said in (
        "Under maintenance",
        "Demo: search index upgrade",
        "ten minutes old",
        "UTC",
        "Demo: database failover drill",
        "No incidents.",
    ):
        assert said in text, said


def test_a_channel_is_asked_without_javascript(chromium: Browser, demo: Served):
    watched = Watched(chromium, java_script_enabled=False)
    page = watched.page
    page.goto(demo.address + "/")
    page.locator(".subscribe summary").click()
    page.get_by_role("link", name="Slack").click()
    page.get_by_label("Address of the channel").fill("https://hooks.example/services")
    page.get_by_role("button", name="Send code").click()
    assert "This is not an incoming webhook of Slack" in page.inner_text(".field-error")
    page.get_by_role("link", name="Webhook", exact=True).last.click()
    page.get_by_label("Address of the channel").fill("https://hooks.example/none")
    page.get_by_role("button", name="Send code").click()
    page.get_by_label("Code").fill("0000-0000")
    page.get_by_role("button", name="Confirm subscription").click()
    assert "This is not the code." in page.inner_text(".field-error")
    assert page.get_attribute("#code", "aria-invalid") == "true"
