"""Panel and public page in real Chromium: no violation, no console error, and the whole journey."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import PASSWORD
from tests.processes import ROOT, Prometheus, Served, has, needed, until

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium")
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip
ARTEFACTS = ROOT / "artefacts"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        assert not needed("chromium")
        pytest.skip("no Chromium; on Debian: apt-get install chromium")
    ARTEFACTS.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(
        tmp_path / "data", PORTAL_PANEL_POLL_SECONDS="1", PORTAL_POLL_SECONDS="2",
        PORTAL_METRICS_STALE_AFTER="4s", PORTAL_RATE_LIMIT="100000/minute",
    ) as server:  # fmt: skip
        yield server


class Watched:
    """A page whose console errors and policy violations are collected."""

    def __init__(self, browser: Browser, **options: object) -> None:
        self.context = browser.new_context(**options)  # type: ignore[arg-type]
        self.problems: list[str] = []
        self.context.add_init_script(
            "document.addEventListener('securitypolicyviolation',"
            " e => console.error('CSP ' + e.violatedDirective + ' ' + e.blockedURI))"
        )
        self.page: Page = self.context.new_page()
        self.page.on(
            "console",
            lambda one: self.problems.append(one.text) if one.type == "error" else None,
        )
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))


def sign_up(served: Served, page: Page) -> None:
    link = re.search(r"\S+/panel/first-run/\S+", served.output)
    assert link
    page.goto(link.group(0))
    page.fill("input[name=name]", "ada")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/panel")


PAGES = (
    "/", "/api/docs", "/panel", "/panel/maintenance", "/panel/windows/new",
    "/panel/announcements/new", "/panel/perimeter", "/panel/audit", "/panel/runbook",
)  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_clean_and_fits_a_phone(chromium: Browser, served: Served, scheme: str):
    served.run("demo")
    watched = Watched(chromium, color_scheme=scheme)
    page = watched.page
    sign_up(served, page)
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        for path in PAGES:
            page.goto(served.address + path)
            page.wait_for_load_state("networkidle" if path == "/api/docs" else "load")
            name = path.strip("/").replace("/", "-") or "public"
            page.screenshot(path=ARTEFACTS / f"{name}-{scheme}-{width}.png", full_page=True)
            overflow = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert overflow <= 0, f"{path} at {width} px"
    assert watched.problems == []


def test_maintenance_now_extend_and_end_with_the_keyboard(chromium: Browser, served: Served):
    watched = Watched(chromium)
    page = watched.page
    sign_up(served, page)
    public = watched.context.new_page()
    public.goto(served.address + "/")
    heading = public.get_by_role("heading", name="Under maintenance")
    expect(heading).to_have_count(0)
    button = page.get_by_role("button", name="Maintenance now, 30 min")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#card-maintenance")).to_contain_text("1 running")
    # The public page takes it in by its own poll, without a reload.
    expect(heading).to_be_visible(timeout=10_000)
    served.run("maintenance", "extend", "--duration", "15m")
    expect(page.locator("#card-maintenance")).to_contain_text("ends in 44 min", timeout=10_000)
    page.locator("#card-maintenance").get_by_role("button", name="End now").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#card-maintenance")).to_contain_text("No maintenance is running")
    expect(heading).to_have_count(0, timeout=10_000)
    page.goto(served.address + "/panel/audit")
    for event in ("window.created", "window.extended", "window.ended"):
        expect(page.get_by_text(f"maintenance.{event}")).to_be_visible()
    assert watched.problems == []


def press(served: Served) -> None:
    """Traffic that trips everything once, from addresses of the documentation ranges."""
    for _ in range(70):
        served.get("/api/status", **{"X-Forwarded-For": "198.51.100.7"})
    for _ in range(9):
        served.get("/?q=1'%20UNION%20SELECT%201--", **{"X-Forwarded-For": "203.0.113.9"})
    for number in range(3):
        origin = f"https://evil{number}.example"
        served.get("/panel", **{"Origin": origin, "X-Forwarded-For": "192.0.2.5"})
    token = served.run("token", "create", "pushes", "--scope", "workers:push").strip()
    for pending in (1, 4, 9, 30, 128):
        served.put(
            "/api/admin/runtime/workers/profileEngagement",
            {"status": "healthy", "pending": pending, "stuck": 2},
            Authorization=f"Bearer {token}",
        )


@pytest.fixture
def gated(tmp_path: Path) -> Iterator[Served]:
    with Served(
        tmp_path / "data", PORTAL_PANEL_POLL_SECONDS="1", PORTAL_TRUSTED_PROXIES="127.0.0.1/32",
        PORTAL_WORKERS_DECLARED="profileEngagement:30s,newsAggregation:60s",
        PORTAL_RATE_LIMIT="60/minute", PORTAL_SITE_NAME="Example status",
    ) as server:  # fmt: skip
        yield server


def test_from_an_offender_to_an_extended_block_without_a_reload(chromium: Browser, gated: Served):
    from_offender = {"X-Forwarded-For": "198.51.100.7"}
    press(gated)
    watched = Watched(chromium, viewport={"width": 1320, "height": 1000},
                      extra_http_headers={"X-Forwarded-For": "192.0.2.77"})  # fmt: skip
    page = watched.page
    sign_up(gated, page)
    page.evaluate("window.untouched = true")
    offender = page.locator("#top-consumers tr", has_text="198.51.100.7")
    assert gated.get("/api/status", **from_offender).status == 429
    offender.get_by_role("button", name="Block 1 h").focus()
    page.keyboard.press("Enter")
    block = page.locator("#blocks tr", has_text="198.51.100.7")
    expect(block).to_contain_text("59 min")
    assert gated.get("/api/status", **from_offender).status == 403
    expect(offender).to_contain_text("blocked", timeout=10_000)
    block.get_by_role("button", name="+30 min").focus()
    page.keyboard.press("Enter")
    expect(block).to_contain_text("1 h 29 min")
    block.get_by_role("button", name="Remove").focus()
    page.keyboard.press("Enter")
    expect(block).to_have_count(0)
    assert gated.get("/api/status", **from_offender).status == 429
    assert page.evaluate("window.untouched") is True
    assert watched.problems == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_card_is_photographed(chromium: Browser, gated: Served, scheme: str):
    press(gated)
    gated.scrape()
    watched = Watched(chromium, color_scheme=scheme)
    page = watched.page
    sign_up(gated, page)
    for width in (1320, 360):
        page.set_viewport_size({"width": width, "height": 1000})
        page.goto(gated.address + "/panel")
        page.screenshot(path=ARTEFACTS / f"pressed-{scheme}-{width}.png", full_page=True)
        cards = page.locator("[data-card]")
        names = [one.get_attribute("data-card") for one in cards.all()]
        assert len(names) == 9
        for name in names:
            page.locator(f"#card-{name}").screenshot(
                path=ARTEFACTS / f"card-{name}-{scheme}-{width}.png"
            )
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0
    assert watched.problems == []


def test_the_public_page_says_everything_without_javascript(chromium: Browser, served: Served):
    served.run("demo")
    watched = Watched(chromium, java_script_enabled=False)
    watched.page.goto(served.address + "/")
    text = watched.page.inner_text("body")
    for said in ("Under maintenance", "Demo: search index upgrade", "ten minutes old", "UTC",
                 "Demo: database failover drill", "No incidents."):  # fmt: skip
        assert said in text, said


def test_a_dismissed_banner_stays_dismissed(chromium: Browser, served: Served):
    served.run("announce", "--title", "Slow mail", "--severity", "info", "--duration", "1h")
    page = Watched(chromium).page
    page.goto(served.address + "/")
    expect(page.get_by_text("Slow mail")).to_be_visible()
    page.locator("[data-dismiss]").click()
    expect(page.get_by_text("Slow mail")).to_be_hidden()
    page.reload()
    page.wait_for_timeout(2500)  # one poll of a real browser
    expect(page.get_by_text("Slow mail")).to_be_hidden()


def test_a_real_prometheus_stops_and_comes_back(chromium: Browser, served: Served, tmp_path: Path):
    if not has("prometheus"):
        assert not needed("prometheus")
        pytest.skip("no Prometheus; on Debian: apt-get install prometheus")
    watched = Watched(chromium, viewport={"width": 1320, "height": 1240})
    page = watched.page
    sign_up(served, page)
    page.evaluate("window.untouched = true")
    alert, snackbar = page.locator("[data-alert=exporter-stale]"), page.locator("#snackbar")
    with Prometheus(served, tmp_path) as prometheus:
        expect(page.locator("#card-exporter")).to_contain_text("Fresh", timeout=20_000)
        expect(alert).to_have_count(0, timeout=10_000)
        prometheus.stop()
        expect(alert).to_have_count(1, timeout=20_000)
        expect(snackbar).to_be_visible()
        page.screenshot(path=ARTEFACTS / "exporter-stale.png", full_page=True)
        assert served.get("/health/ready").status == 200
        prometheus.start()
        expect(alert).to_have_count(0, timeout=30_000)
        expect(snackbar).to_be_hidden()
        page.screenshot(path=ARTEFACTS / "exporter-recovered.png", full_page=True)
        assert page.evaluate("window.untouched") is True
        assert watched.problems == []


def test_a_portal_that_does_not_answer_is_told_and_taken_back(chromium: Browser, served: Served):
    watched = Watched(chromium)
    page = watched.page
    sign_up(served, page)
    served.stop()
    snackbar = page.locator("#snackbar")
    expect(snackbar).to_be_visible(timeout=15_000)
    expect(page.locator("#card-exporter")).to_contain_text("does not answer")
    expect(page.locator("#card-database")).to_contain_text("Size")
    page.screenshot(path=ARTEFACTS / "portal-silent.png", full_page=True)
    page.locator("#snackbar button").click()
    expect(snackbar).to_be_hidden()
    page.wait_for_timeout(2500)  # two polls more of the same episode
    expect(snackbar).to_be_hidden()
    with served:
        until(lambda: served.get("/health/live").status == 200)
        expect(page.locator("#card-exporter")).not_to_contain_text(
            "does not answer", timeout=15_000
        )
        assert page.locator("#snackbar").is_hidden()
