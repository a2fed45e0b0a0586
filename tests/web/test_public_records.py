"""The public page with components and incidents, and the permanent pages."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from portal.status.components import ComponentIn, Impact, State
from portal.status.incidents import Category, ImpactLevel, IncidentIn, NoteIn, Progress, UpdateIn
from portal.status.retrospectives import RetrospectiveIn
from portal.status.windows import WindowAct, WindowIn
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.sites import Site


def told(site: Site, **fields: object) -> str:
    site.portal.status.components.add(
        By("op-a"), ComponentIn(slug="api", name="The API", group="Core")
    )
    row = site.portal.status.incidents.open(
        By("op-a"),
        IncidentIn(
            **{
                "title": "Slow answers",
                "impact": ImpactLevel.MAJOR,
                "message": "We **look**.",
                "components": [Impact(component="api", state=State.PARTIAL)],
                **fields,
            }
        ),
    )
    return str(row.reference)


def told_more(site: Site, **fields: object) -> str:
    """Another incident, of no component."""
    given = {"title": "More", "impact": ImpactLevel.MINOR, "message": "We look.", **fields}
    return str(site.portal.status.incidents.open(By("op-a"), IncidentIn(**given)).reference)


def text(site: Site, path: str, status: int = 200) -> str:
    answer = site.client().get(path, headers={"Accept": "text/html"})
    assert answer.status_code == status, path
    return " ".join(str(answer.get_data(as_text=True)).split())


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


def away(site: Site) -> None:
    """The database goes; nothing can be asked of it from now on."""
    site.portal.core.engine.dispose()
    (site.settings.data_dir / "portal.db").unlink()


def closing(site: Site) -> None:
    """The node is on its way out, and has closed its connections."""
    site.portal.board.is_supervised = True
    site.portal.core.pool.close()


@pytest.mark.parametrize(
    ("leave", "said"),
    [
        (away, "The portal cannot reach its database. This page was last confirmed at"),
        (closing, "The portal is about to stop. This page was last confirmed at"),
    ],
)
def test_permanent_pages_go_on_from_the_last_picture(
    site: Site, still: StandingClock, leave: Callable[[Site], None], said: str
):
    reference = told(site)
    portal = site.portal
    close = UpdateIn(status=Progress.RESOLVED, message="Over.", root_cause_category=Category.DEPLOY)
    portal.status.incidents.update(By("op-a"), reference, close)
    learned = RetrospectiveIn(
        root_cause_category=Category.DEPLOY, root_cause="A *typing* error.", published=True
    )
    portal.status.retrospectives.save(By("op-a"), reference, learned)
    hidden = told_more(site, audiences=["operations"], title="Quiet please")
    end = still.moment + timedelta(hours=1)
    runs = WindowIn(title="Upgrade", message="Short **breaks**.", components=["api"], ends_at=end)
    window = portal.status.windows.schedule(By("op-a"), runs)
    off = runs.model_copy(update={"title": "Off", "starts_at": end - timedelta(minutes=9)})
    planned = portal.status.windows.schedule(By("op-a"), off)
    portal.status.windows.act(By("op-a"), planned.reference, WindowAct(action="cancel"))
    portal.board.refresh()
    leave(site)
    still.advance(minutes=20)
    since = f'{said} <time datetime="2030-06-03T12:00:00Z"'
    page = text(site, f"/incidents/{reference.lower()}")
    for wanted in (since, "Slow answers", "Over.", "The API", "Resolved", "<em>typing</em>"):
        assert wanted in page, wanted
    german = site.client().get(
        f"/incidents/{reference}", headers={"Accept": "text/html", "Accept-Language": "de"}
    )
    assert "<h3>Ursache</h3>" in german.get_data(as_text=True)
    page = text(site, f"/maintenance/{window.reference}")
    for wanted in (since, "Upgrade", "<strong>breaks</strong>", "The API", "Active"):
        assert wanted in page, wanted
    assert "Cancelled" in text(site, f"/maintenance/{planned.reference}")
    page = text(site, "/history")
    for wanted in (since, "Slow answers", "Upgrade", "Off", "older than a week may be missing"):
        assert wanted in page, wanted
    assert "Quiet please" not in page
    for path in (
        f"/incidents/{hidden}",
        "/incidents/INC-2029-0001",
        "/maintenance/m-nothing",
        "/history?month=2030-05",
    ):
        page = text(site, path, 503)
        assert "this page is not among those it has kept" in page
        assert "Quiet please" not in page
        assert site.client().get(path).headers["Retry-After"] == "5"


def test_a_window_that_ends_meanwhile_is_shown_as_ended(site: Site, still: StandingClock):
    given = WindowIn(title="Upgrade", ends_at=still.moment + timedelta(hours=1))
    window = site.portal.status.windows.schedule(By("a"), given)
    assert "Upgrade" in text(site, "/")
    away(site)
    still.advance(minutes=61)
    assert "Ended" in text(site, f"/maintenance/{window.reference}")


def test_a_node_that_stops_says_so_and_not_that_its_database_is_away(
    site: Site, still: StandingClock
):
    headers = site.bearer()
    closing(site)
    with capture_logs() as logs:
        for path in ("/api/admin/runtime/maintenance", "/history"):
            answer = site.client().get(path, headers=headers)
            assert answer.status_code == 503
            assert "The portal is about to stop" in answer.get_json()["detail"]
    assert [one for one in logs if one["log_level"] == "error"] == []


def test_without_a_picture_a_permanent_page_is_a_503(site: Site, still: StandingClock):
    away(site)
    assert "The database does not answer" in text(site, "/history", 503)
