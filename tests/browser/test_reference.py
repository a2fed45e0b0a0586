"""The API reference in Chromium: within the policy, with groups, examples, and a token to try."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.pages import Watched
from tests.processes import Served


def test_an_operation_is_tried_with_a_token(chromium: Browser, tmp_path: Path):
    with Served(tmp_path / "data") as server:
        scopes = ("--scope", "incidents:write", "--scope", "incidents:read")
        token = server.run("token", "create", "reader", *scopes).strip()
        watched = Watched(chromium, viewport={"width": 1280, "height": 900})
        page = watched.page
        page.goto(server.address + "/api/docs")
        page.get_by_role("button", name="Authorize").first.click()
        page.locator(".auth-container input").fill(token)
        page.locator(".auth-btn-wrapper .authorize").click()
        page.locator(".btn-done").click()
        page.locator("#operations-tag-Components button.expand-operation").click()
        page.locator(".opblock-post .opblock-summary-control").click()
        # The body is the example as it stands.
        page.locator(".execute").click()
        status = page.locator(".live-responses-table .response-col_status").last
        expect(status).to_contain_text("201")
        page.locator("#operations-tag-Incidents button.expand-operation").click()
        expect(page.locator(".opblock", has_text="prepared-update")).to_be_visible()
        assert watched.problems == []
        assert watched.context.cookies() == []
        page.reload()
        # The token was in that page alone.
        expect(page.get_by_role("button", name="Authorize").first).to_be_visible()
        assert page.evaluate("Object.keys(localStorage).length") == 0
