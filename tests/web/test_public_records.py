"""The public page with components and incidents, and the permanent pages."""

from datetime import timedelta

import pytest

from portal.status.components import ComponentIn
from portal.status.incidents import Category, NoteIn, Progress, UpdateIn
from portal.status.retrospectives import RetrospectiveIn
from portal.status.windows import WindowIn
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.sites import Site
from tests.web.records import text, told


def test_the_page_shows_parts_their_days_and_what_goes_on(either: Site, still: StandingClock):
    reference = told(either)
    still.advance(minutes=20)
    either.portal.status.incidents.update(
        By("op-a"), reference, UpdateIn(status=Progress.IDENTIFIED, message="Found it.")
    )
    page = text(either, "/")
    for wanted in (
        "Partial outage",
        "1 of 1 component affected",
        "The API",
        "Core",
        "Found it.",
        f'href="/incidents/{reference}"',
        "Identified",
        "Affects <b><bdi>The API</bdi></b>",
        "Details and all 2 updates",
        'class="day-partial_outage"',
        'class="day-none"',
        "the last 90 days: 1 day with problems",
    ):
        assert wanted in page, wanted
    # What was said before is on its own page.
    assert "<strong>look</strong>" not in page
    assert "<strong>look</strong>" in text(either, f"/incidents/{reference}")
    assert "op-a" not in page
    assert "style=" not in page


def test_an_incident_has_a_page_for_good(either: Site, still: StandingClock):
    reference = told(either)
    either.portal.status.incidents.note(By("op-a"), reference, NoteIn(message="inside-only"))
    still.advance(minutes=30)
    either.portal.status.incidents.update(
        By("op-a"),
        reference,
        UpdateIn(status=Progress.RESOLVED, message="Over.", root_cause_category=Category.DEPLOY),
    )
    given = RetrospectiveIn(root_cause_category=Category.DEPLOY, root_cause="A *typing* error.")
    either.portal.status.retrospectives.save(By("op-a"), reference, given)
    still.advance(days=200)
    page = text(either, f"/incidents/{reference}")
    for wanted in ("Slow answers", "lasted 30 min", "Over.", "The API", "Resolved"):
        assert wanted in page, wanted
    for secret in ("inside-only", "op-a", "typing"):
        assert secret not in page, secret
    published = given.model_copy(update={"published": True})
    either.portal.status.retrospectives.save(By("op-a"), reference, published)
    assert "<em>typing</em>" in text(either, f"/incidents/{reference.lower()}")
    assert "Slow answers" in text(either, "/history?month=2030-06")
    assert "Slow answers" not in text(either, "/history")


def test_a_window_has_a_page_for_good(either: Site, still: StandingClock):
    either.portal.status.components.add(By("op-a"), ComponentIn(slug="api", name="The API"))
    row = either.portal.status.windows.schedule(
        By("op-a"),
        WindowIn(
            title="Upgrade",
            message="Short **breaks**.",
            components=["api"],
            ends_at=still.moment + timedelta(hours=1),
        ),
    )
    page = text(either, f"/maintenance/{row.reference}")
    for wanted in ("Upgrade", "<strong>breaks</strong>", "The API", "Active"):
        assert wanted in page, wanted
    assert "Upgrade" in text(either, "/history")


def test_what_is_not_for_the_public_is_not_there(site: Site, still: StandingClock):
    reference = told(site, audiences=["operations"], title="Quiet please")
    window = site.portal.status.windows.schedule(
        By("a"),
        WindowIn(title="Hush", audiences=["admin"], ends_at=still.moment + timedelta(hours=1)),
    )
    for path in (f"/incidents/{reference}", f"/maintenance/{window.reference}"):
        assert text(site, path, 404)
    history = text(site, "/history")
    assert "Quiet please" not in history
    assert "Hush" not in history
    text(site, "/incidents/INC-2030-9999", 404)
    text(site, "/maintenance/1", 404)


def test_a_month_must_be_one(site: Site):
    for query in ("month=June", "month=2030-13", "month=1999-01"):
        text(site, f"/history?{query}", 400)


@pytest.mark.parametrize("query", ["utm_source=x", "fbclid=1&month=2030-06", "_=1", "next=%2F"])
@pytest.mark.parametrize("path", ["/history", "/", "/api/status", "/api/runtime/maintenance"])
def test_parameters_that_others_hang_on_a_link_change_nothing(site: Site, path: str, query: str):
    assert site.client().get(f"{path}?{query}").status_code == 200
