"""Permanent pages without the database: they go on from the last picture."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from portal.status.incidents import Category, Progress, UpdateIn
from portal.status.retrospectives import RetrospectiveIn
from portal.status.windows import WindowAct, WindowIn
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.sites import Site
from tests.web.outages import away, closing
from tests.web.records import text, told, told_more


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
    assert "This does not work at the moment." in text(site, "/history", 503)
