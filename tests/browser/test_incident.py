"""Section 5 of the runbook from end to end: a real Prometheus, mail server and browser."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.pages import Watched, photograph, sign_up
from tests.notify.post import Post, text_of
from tests.patience import has, needed, until
from tests.processes import Served
from tests.prometheus import Prometheus


@pytest.fixture
def mailing(tmp_path: Path, post: Post) -> Iterator[Served]:
    served = Served(
        tmp_path / "data",
        PORTAL_PANEL_POLL_SECONDS="3",
        PORTAL_POLL_SECONDS="2",
        PORTAL_METRICS_STALE_AFTER="4s",
        PORTAL_SUSTAINED_AFTER="3s",
        PORTAL_RATE_LIMIT="100000/minute",
        PORTAL_SITE_NAME="Example status",
        PORTAL_SMTP_URL=f"smtp://127.0.0.1:{post.port}",
        PORTAL_MAIL_FROM="Example status <status@example.com>",
        PORTAL_MAIL_RATE="100/second",
    )
    served.environ["PORTAL_EXTERNAL_URL"] = served.address
    with served as server:
        yield server


def subscribe(served: Served, page: Page, post: Post) -> None:
    """From the public page to the confirmed subscription, by the mail that came."""
    page.goto(served.address + "/")
    page.locator("summary", has_text="Get updates").click()
    page.get_by_role("link", name="Email").click()
    page.get_by_label("Your email address").fill("ada@example.com")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Check your inbox")).to_be_visible()
    until(lambda: post.to("ada@example.com"), what="the question by mail")
    link = re.search(r"http\S+/subscribe/\S+", text_of(post.taken[0][1]))
    assert link
    page.goto(link.group(0))
    page.get_by_role("button", name="Confirm subscription").click()
    expect(page.get_by_role("heading", name="You are subscribed")).to_be_visible()


def photograph_mail(page: Page, post: Post, name: str) -> None:
    """The last mail as a mail program shows it."""
    page.set_content(text_of(post.taken[-1][1], "html"))
    page.set_viewport_size({"width": 700, "height": 640})
    photograph(page, f"mail-{name}")


def resolve(page: Page) -> None:
    """Post the update that ends it, which asks first."""
    page.get_by_role("button", name="Post update", exact=True).click()
    page.get_by_role("button", name="Resolve", exact=True).click()


def test_from_a_stopped_prometheus_to_the_retrospective(
    chromium: Browser, mailing: Served, post: Post, tmp_path: Path
):
    if not has("prometheus"):
        assert not needed("prometheus")
        pytest.skip("no Prometheus; on Debian: apt-get install prometheus")
    watched = Watched(chromium, viewport={"width": 1320, "height": 1000})
    page = watched.page
    public = watched.context.new_page()
    subscribe(mailing, public, post)
    sign_up(mailing, page)
    alert = page.locator("[data-alert=exporter-stale]")
    with Prometheus(mailing, tmp_path) as prometheus:
        expect(page.locator("#card-exporter")).to_contain_text("Fresh")
        public.goto(mailing.address + "/")
        prometheus.stop()
        expect(alert).to_have_count(1)

        # The threshold passes: a text for readers, the figures in the note, a preview beside.
        offer = alert.get_by_role("link", name="Tell the public…")
        expect(offer).to_be_visible()
        # The worker's next round gives the alert its episode.
        token = mailing.run("token", "create", "reader", "--scope", "incidents:read").strip()
        episode = "/api/admin/runtime/alerts/exporter-stale/offer"
        until(
            lambda: mailing.get(episode, Authorization=f"Bearer {token}").status == 200,
            what="the episode",
        )
        offer.click()
        expect(page.get_by_label("Title", exact=True)).to_have_value("Problem with our service")
        expect(page.locator("#preview")).to_contain_text("Problem with our service")
        message = page.get_by_label("First update")
        assert "limit" not in message.input_value()
        page.locator(".more > summary", has_text="More").click()
        note = page.get_by_label("Note").input_value()
        assert "Exporter stale:" in note
        assert "(limit 4)" in note
        page.get_by_label("Title", exact=True).fill("Our monitoring is blind")
        message.fill("We do not see our own figures. **The service itself works.**")
        photograph(page, "incident-offer")
        page.get_by_role("button", name="Open and publish").click()
        page.wait_for_url("**/panel/incidents/INC-*")
        reference = page.url.rsplit("/", 1)[1]

        # Published: banner on the public page by its own poll, mail in the mailbox.
        expect(public.locator("#banner")).to_contain_text("Our monitoring is blind")
        until(lambda: len(post.to("ada@example.com")) == 2, what="the mail on the incident")
        opened = post.to("ada@example.com")[1]
        assert opened["Subject"] == "[Example status] Investigating: Our monitoring is blind"
        photograph_mail(watched.context.new_page(), post, "incident")

        # The figures of the moment are kept.
        page.get_by_role("button", name="Capture a snapshot").click()
        findings = page.get_by_label("Findings, to copy")
        expect(findings).to_have_value(re.compile("gigvora_metrics_last_scrape_timestamp"))
        captured = re.search(
            r"gigvora_metrics_last_scrape_timestamp\D+([\d.]+)", findings.input_value()
        )
        assert captured

        # Scrapes resume: the alert goes, and an update waits with the gap's length.
        prometheus.start()
        page.goto(mailing.address + "/panel")
        expect(alert).to_have_count(0)

        def prepared() -> bool:
            page.goto(f"{mailing.address}/panel/incidents/{reference}")
            return page.get_by_text("An update is prepared below").count() == 1

        until(prepared, what="the prepared update")
        update = page.get_by_label("Update", exact=True)
        assert "Monitoring reads our figures again since" in update.input_value()
        photograph(page, "incident-prepared")
        page.get_by_role("button", name="Post update", exact=True).click()
        expect(page.locator("#updates + ol")).to_contain_text("Monitoring reads our figures again")

        # Resolving asks for what it was.
        page.get_by_label("Update", exact=True).fill("All is as it should be.")
        cause = page.get_by_label("What was the cause?")
        expect(cause).to_be_hidden()
        page.get_by_text("Resolved", exact=True).click()
        expect(cause).to_be_focused()
        resolve(page)
        expect(page.get_by_role("alert").first).to_contain_text("Choose a root cause")
        cause.select_option("scraper_crash")
        resolve(page)
        expect(public.locator("#banner")).not_to_contain_text("We do not see our own figures")

        # What is to be done about it.
        page.get_by_role("link", name="Write the retrospective").click()
        page.get_by_label("Root cause", exact=True).fill("Prometheus was stopped by hand.")
        rows = page.locator("tbody tr")
        for number, (kind, text) in enumerate(
            [("alert", "Page somebody after three minutes"), ("runbook", "Name who may stop it")]
        ):
            rows.nth(number).locator("select").select_option(kind)
            rows.nth(number).locator("input[name^=text-]").fill(text)
        page.get_by_role("button", name="Save").click()
        page.wait_for_url(f"**/panel/incidents/{reference}")
        token = mailing.run("token", "create", "export", "--scope", "incidents:read").strip()
        export = mailing.get(
            f"/api/admin/runtime/incidents/{reference}/retrospective/export",
            Authorization=f"Bearer {token}",
        ).text
        for said in (
            "Prometheus was stopped by hand.",
            "Page somebody after three minutes",
            "Name who may stop it",
            captured.group(1),
            "scraper crash",
        ):
            assert said in export, said

    until(lambda: len(post.to("ada@example.com")) == 4, what="the mails to the end")
    subjects = [str(mail["Subject"]) for mail in post.to("ada@example.com")[1:]]
    assert [one.split("] ")[1].split(":")[0] for one in subjects] == [
        "Investigating",
        "Monitoring",
        "Resolved",
    ]
    assert len({str(mail["References"]) for mail in post.to("ada@example.com")[1:]}) == 1
    # The form was filled in wrongly once, on purpose; the browser says so of its answer.
    assert [one for one in watched.problems if "422" not in one] == []
