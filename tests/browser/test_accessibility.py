"""axe-core finds no violation of WCAG 2.2 AA on any page, light and dark, wide and narrow."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.test_panel import ARTEFACTS, Watched, chromium, press, sign_up  # noqa: F401 (fixture)
from tests.notify.post import Post, serving, text_of
from tests.processes import Served, until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RULES = {"runOnly": {"type": "tag", "values": [*WCAG, "best-practice"]}}
# A mail has no landmarks: programs that show it have their own.
MAIL_RULES = {"runOnly": {"type": "tag", "values": WCAG}}


@pytest.fixture
def post() -> Iterator[Post]:
    with serving(Post()) as made:
        yield made


@pytest.fixture
def lived_in(tmp_path: Path, post: Post) -> Iterator[Served]:
    """The demo with a mail server, a dead letter and a retrospective."""
    served = Served(
        tmp_path / "data", PORTAL_RATE_LIMIT="100000/minute", PORTAL_SITE_NAME="Example status",
        PORTAL_SMTP_URL=f"smtp://127.0.0.1:{post.port}", PORTAL_TRUSTED_PROXIES="127.0.0.1/32",
        PORTAL_MAIL_FROM="Example status <status@example.com>", PORTAL_MAIL_RATE="100/second",
        PORTAL_WORKERS_DECLARED="profileEngagement:30s,newsAggregation:60s",
    )  # fmt: skip
    served.environ["PORTAL_EXTERNAL_URL"] = served.address
    with served as server:
        server.run("demo")
        press(server)
        yield server


def links_of(page: Page, served: Served, path: str, pattern: str) -> str:
    page.goto(served.address + path)
    found = re.search(pattern, page.content())
    assert found, (path, pattern)
    return found.group(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_violates_wcag(chromium: Browser, lived_in: Served, post: Post, scheme: str):  # noqa: F811
    axe = Axe()
    watched = Watched(chromium, color_scheme=scheme)
    page = watched.page
    sign_up(lived_in, page)
    public = watched.context.new_page()
    public.goto(lived_in.address + "/subscribe")
    public.get_by_label("Your mail address").fill("ada@example.com")
    public.keyboard.press("Enter")
    until(lambda: post.taken, what="the question")
    question = re.search(r"(/subscribe/\S+)", text_of(post.taken[0][1]))
    assert question
    incident = links_of(page, lived_in, "/panel/incidents", r"/panel/incidents/INC-\d+-0001")
    window = links_of(page, lived_in, "/panel/maintenance", r"/panel/windows/m-\w+")
    announcement = links_of(
        page, lived_in, "/panel/maintenance", r"/panel/announcements/demo[\w-]+"
    )
    paths = [
        "/", "/subscribe", "/subscribe/sent", question.group(1), "/history",
        incident.removeprefix("/panel"), window.replace("/panel/windows", "/maintenance"),
        "/nothing-here", "/api/docs", "/panel", "/panel/incidents", "/panel/incidents/new",
        incident, f"{incident}/retrospective", "/panel/components", "/panel/components/new",
        "/panel/maintenance", "/panel/windows/new", window, "/panel/announcements/new",
        announcement, "/panel/notifications", "/panel/notifications/new", "/panel/perimeter",
        "/panel/audit", "/panel/runbook", "/panel/nothing-here",
    ]  # fmt: skip
    found: list[tuple[str, int, str, Any]] = []
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        for path in paths:
            page.goto(lived_in.address + path)
            page.wait_for_load_state("load")
            if width == 360 or path.count("/") > 0:
                name = re.sub(r"\W+", "-", path)[:40].strip("-") or "public"
                page.screenshot(path=ARTEFACTS / f"{name}-{scheme}-{width}.png", full_page=True)
            overflow = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert overflow <= 0, f"{path} at {width} px"
            results = axe.run(page, options=RULES).response
            found += [
                (path, width, one["id"], [node["html"][:160] for node in one["nodes"]][:3])
                for one in results["violations"]
            ]
    watched.context.clear_cookies()
    page.goto(lived_in.address + "/panel/login")
    found += [
        ("/panel/login", 360, one["id"], one["nodes"])
        for one in axe.run(page, options=RULES).response["violations"]
    ]
    mails = watched.context.new_page()
    for _, mail in post.taken:
        mails.set_content(text_of(mail, "html"))
        found += [
            (str(mail["Subject"]), 0, one["id"], [node["html"][:160] for node in one["nodes"]][:3])
            for one in axe.run(mails, options=MAIL_RULES).response["violations"]
        ]
    assert not found, "\n".join(str(one) for one in found)
    assert [one for one in watched.problems if "404" not in one] == []
