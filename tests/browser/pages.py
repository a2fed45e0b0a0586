"""Pages in real Chromium: what watches them, who signs in, and traffic that trips everything."""

import itertools
import os
import re

from playwright.sync_api import Browser, Locator, Page, expect

from tests.people import PASSWORD
from tests.processes import ROOT, Served

ARTEFACTS = ROOT / "artefacts"
# What a test waits for comes within this on a machine that is busy with something else.
PATIENCE_MS = 60_000
_numbers = itertools.count(1)
expect.set_options(timeout=PATIENCE_MS)


class Watched:
    """A page whose console errors and policy violations are collected."""

    def __init__(self, browser: Browser, **options: object) -> None:
        # Colours that fade in would be looked at half way.
        self.context = browser.new_context(reduced_motion="reduce", **options)  # type: ignore[arg-type]
        self.context.set_default_timeout(PATIENCE_MS)
        self.problems: list[str] = []
        self.context.add_init_script(
            "document.addEventListener('securitypolicyviolation',"
            " e => console.error('CSP ' + e.violatedDirective + ' ' + e.blockedURI))"
        )
        self.page: Page = self.context.new_page()
        self.page.on(
            "console", lambda one: self.problems.append(one.text) if one.type == "error" else None
        )
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))


def sign_up(served: Served, page: Page) -> None:
    """As the first operator, by the link that `portal serve` prints; works once."""
    link = re.search(r"\S+/panel/first-run/\S+", served.output)
    assert link
    page.goto(link.group(0))
    page.fill("input[name=name]", "ada")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/panel")


def sign_in(served: Served, page: Page) -> str:
    """As an operator that nobody was before; gives the name."""
    name = f"ada{next(_numbers)}"
    create = ("operator", "create", name, "--role", "admin", "--password-stdin")
    served.run(*create, text=PASSWORD)
    page.goto(f"{served.address}/panel/login")
    enter(page, name)
    page.wait_for_url("**/panel")
    return name


def enter(page: Page, name: str) -> None:
    """Fill in and send the form that asks to sign in."""
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")


def photograph(page: Page, name: str, place: Locator | None = None) -> None:
    """A picture in `artefacts/` for whoever asked for pictures: `make test PICTURES=1`."""
    if os.environ.get("PICTURES"):
        path = ARTEFACTS / f"{name}.png"
        if place is None:
            page.screenshot(path=path, full_page=True)
        else:
            place.screenshot(path=path)


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    return int(
        page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )


def press(served: Served, hits: int = 70) -> None:
    """Traffic that trips everything once, from addresses of the documentation ranges."""
    for _ in range(hits):
        served.get("/api/status", **{"X-Forwarded-For": "198.51.100.7"})
    for _ in range(9):
        served.get("/history?month=1'%20UNION%20SELECT%201--", **{"X-Forwarded-For": "203.0.113.9"})
    for number in range(3):
        origin = f"https://evil{number}.example"
        served.get("/panel", **{"Origin": origin, "X-Forwarded-For": "192.0.2.5"})
    token = served.run(
        "token", "create", f"pushes{next(_numbers)}", "--scope", "workers:push"
    ).strip()
    for pending in (1, 4, 9, 30, 128):
        served.put(
            "/api/admin/runtime/workers/profileEngagement",
            {"status": "healthy", "pending": pending, "stuck": 2},
            Authorization=f"Bearer {token}",
        )


def every_page(page: Page, served: Served) -> list[str]:
    """The addresses of all pages, those of single things as far as there are any."""
    incident = _link(page, served, "/panel/incidents", r"/panel/incidents/INC-\d+-\d+")
    window = _link(page, served, "/panel/maintenance", r"/panel/windows/m-\w+")
    announcement = _link(page, served, "/panel/maintenance", r"/panel/announcements/(?!new)[\w-]+")
    component = _link(page, served, "/panel/components", r"/panel/components/[\w-]+")
    public = [one for one in (incident, component) if one]
    monitor = _link(page, served, "/panel/monitors", r"/panel/monitors/(?!new)[\w-]+")
    paths = [
        *STATIC_PAGES,
        *(part for one in (monitor,) if one for part in (one, f"{one}/form")),
        *(one.removeprefix("/panel") for one in public),
        *(one.replace("/panel/windows", "/maintenance") for one in (window,) if one),
        *(one for one in (incident, window, announcement, component) if one),
    ]
    return [*paths, f"{incident}/details", f"{incident}/retrospective"] if incident else paths


def _link(page: Page, served: Served, path: str, pattern: str) -> str:
    """The last link on a page that looks like this; empty when there is none."""
    page.goto(served.address + path)
    found = re.findall(rf'href="({pattern})"', page.content())
    return str(found[-1]) if found else ""


STATIC_PAGES = [
    "/",
    "/subscribe",
    "/subscribe/sent",
    "/subscribe?kind=teams",
    "/subscribe?kind=webhook&lang=ar",
    "/history",
    "/embed",
    "/?lang=ar",
    "/components/api?lang=ar",
    "/subscribe?lang=ar",
    "/history?lang=ar",
    "/nothing-here",
    "/api/docs",
    "/panel",
    "/panel/incidents",
    "/panel/incidents/new",
    "/panel/components",
    "/panel/components/new",
    "/panel/start",
    "/panel/monitors",
    "/panel/monitors/new",
    "/panel/monitors/new?kind=heartbeat",
    "/panel/maintenance",
    "/panel/windows/new",
    "/panel/announcements/new",
    "/panel/notifications",
    "/panel/notifications/new",
    "/panel/perimeter",
    "/panel/audit",
    "/panel/settings",
    "/panel/settings/templates/new",
    "/panel/settings/templates/operations",
    "/panel/runbook",
    "/panel/nothing-here",
]
