"""Look at every page: empty, as the demo, and stuffed; at three widths, light and dark.

Pictures go to `docs/images/gallery/`, with an index page; they are some seven hundred, so git
does not keep them. axe-core looks at each. Ends with 1 where it finds something, or where a page is
wider than its window.
"""

import re
import shutil
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from portal import clock, create_app, rooms
from portal.guard.blocks import BlockIn
from portal.settings import load
from portal.status.announcements import AnnouncementIn
from portal.status.components import ComponentIn
from portal.status.incidents import IncidentIn
from portal.status.windows import WindowIn
from portal.unit_of_work import By
from tests.browser.axe import COLOUR_RULES, RULES, violations
from tests.browser.conftest import QUIET
from tests.browser.pages import every_page, overflow, press, sign_up
from tests.processes import Served

TARGET = Path(__file__).with_name("images") / "gallery"
WIDTHS = (1280, 768, 360)
LONG = "A name that somebody wrote without ever thinking of how it looks on a small screen " * 2
ENDLESS = "internal-loadbalancer-" * 6
TEXT = f"{LONG}\n\n" * 8 + "- one\n- two\n\n" + ENDLESS


def main() -> None:
    """Serve each set of data on loopback and look at its pages."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("No Chromium; on Debian: apt-get install chromium")
    wanted = sys.argv[1:] or list(SETS)
    found: list[Any] = []
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        for name in wanted:
            served = Served(
                Path(folder) / name,
                PORTAL_SITE_NAME="Example status",
                PORTAL_RATE_LIMIT="100000/minute",
                PORTAL_TRUSTED_PROXIES="127.0.0.1/32",
                PORTAL_WORKERS_DECLARED="profileEngagement:30s,newsAggregation:60s",
            )
            with served:
                SETS[name](served)
                found += look(browser, served, name)
        browser.close()
    _index()
    for one in found:
        print(*one)
    sys.exit(1 if found else 0)


def look(browser: Browser, served: Served, name: str) -> list[Any]:
    """Photograph each page at each width and in both schemes; what is wrong with it."""
    target = TARGET / name
    target.mkdir(parents=True, exist_ok=True)
    page = browser.new_page(reduced_motion="reduce")
    sign_up(served, page)
    found: list[Any] = []
    for path in every_page(page, served):
        page.goto(served.address + path)
        page.wait_for_timeout(300)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            if (wide := overflow(page)) > 0:
                found.append((name, path, width, f"is {wide} px too wide"))
            found += _both(page, target, path, width)
    return found


def _index() -> None:
    """One page with all pictures, a row for each page."""
    rows: dict[str, list[str]] = {}
    for file in sorted(TARGET.glob("*/*.png")):
        name = file.relative_to(TARGET).as_posix()
        rows.setdefault(name.rsplit("-", 2)[0], []).append(name)
    body = "".join(
        f"<h2>{title}</h2><p>"
        + "".join(
            f'<a href="{one}"><img src="{one}" alt="{one}" height="300"></a> ' for one in files
        )
        + "</p>"
        for title, files in rows.items()
    )
    page = f"<!doctype html><meta charset=utf-8><title>Every page</title>{body}"
    (TARGET / "index.html").write_text(page)


def _both(page: Page, target: Path, path: str, width: int) -> list[Any]:
    found: list[Any] = []
    for scheme, rules in (("light", RULES), ("dark", COLOUR_RULES)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        file = re.sub(r"[/?=]+", "-", path).strip("-") or "public"
        page.screenshot(path=target / f"{file}-{width}-{scheme}.png", full_page=True)
        found += [(target.name, path, width, scheme, *one) for one in violations(page, rules)]
    return found


def _demo(served: Served) -> None:
    served.run("demo")
    press(served)


def _stuffed(served: Served) -> None:
    """60 components, and long texts wherever somebody can write one."""
    portal = rooms.of(create_app(load(served.environ)))
    by, now, status = By("somebody-with-a-very-long-name"), clock.now(), portal.status
    slugs = [f"part-{number}" for number in range(60)]
    for number, slug in enumerate(slugs):
        status.components.add(
            by,
            ComponentIn(
                slug=slug,
                name=(LONG if number % 7 == 3 else ENDLESS if number % 7 == 5 else slug)[:80],
                group=f"Group {number // 10} {LONG}"[:60],
                position=number,
                description=LONG[:200],
            ),
        )
    for number in range(3):
        status.windows.schedule(
            by,
            WindowIn(
                title=(LONG + ENDLESS)[:240],
                message=TEXT[:5000],
                components=slugs[number : 40 + number],
                impact=LONG[:500],
                owner=LONG[:120],
                ends_at=now + timedelta(hours=number + 1),
            ),
        )
        status.announcements.create(
            by, AnnouncementIn(title=f"{ENDLESS} {number}", message=TEXT[:5000], status="active")
        )
        status.incidents.open(
            by,
            IncidentIn(
                title=f"{number} {LONG}"[:240],
                message=TEXT[:5000],
                note=TEXT[:5000],
                impact="major",
                status="identified",
                components=[{"component": one, "state": "partial_outage"} for one in slugs[:20]],
            ),
        )
    for number in range(30):
        new = BlockIn(scope="ip", value=f"2001:db8:{number:x}::1", duration="1h", reason=LONG)
        portal.guard.blocks.add(by, new, caller="192.0.2.1")
    press(served)


SETS = {"empty": lambda served: None, "demo": _demo, "stuffed": _stuffed}


if __name__ == "__main__":
    main()
