"""What becomes due by the clock is told once, and only what still matters."""

from datetime import timedelta

import pytest

from portal import clock
from portal.status.announcements import AnnouncementIn
from portal.status.incidents import UpdateIn
from portal.status.notices import Notice
from portal.status.series import SeriesIn
from portal.status.windows import WindowAct, WindowIn
from portal.unit_of_work import By
from portal.worker.rounds import run_once
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.notify.clockwork import events, look, plan, stale
from tests.notify.deliveries import an_incident
from tests.sites import SCRAPER, Site


@pytest.fixture
def site(build: Build, still: StandingClock) -> Site:
    return build(external_url="https://status.example.com")


def test_a_window_is_told_from_plan_to_end(site: Site, still: StandingClock):
    plan(site, in_=timedelta(days=2))
    look(site)
    assert events(site) == ["scheduled"]
    told = []
    for step in (timedelta(hours=24), timedelta(hours=23), timedelta(hours=1), timedelta(hours=1)):
        still.advance(seconds=step.total_seconds())
        look(site)
        told.append(events(site)[-1])
    assert told == ["reminder", "reminder", "started", "ended"]
    assert len(events(site)) == 5


@pytest.mark.fault(32)
def test_a_window_that_came_and_went_is_told_once(site: Site, still: StandingClock):
    plan(site, in_=timedelta(days=2))
    still.advance(days=2, hours=3)
    look(site)
    assert events(site) == ["scheduled", "ended"]


def test_after_a_day_nobody_is_told_of_an_end(site: Site, still: StandingClock):
    plan(site, in_=timedelta(hours=1))
    still.advance(days=2, hours=3)
    look(site)
    assert events(site) == ["scheduled"]


def test_of_two_reminders_that_passed_the_later_counts(site: Site, still: StandingClock):
    plan(site, in_=timedelta(days=2))
    still.advance(days=1, hours=23, minutes=30)
    look(site)
    assert events(site) == ["scheduled", "reminder"]


def test_a_window_that_is_near_needs_no_reminder(site: Site, still: StandingClock):
    plan(site, in_=timedelta(minutes=30))
    look(site)
    still.advance(minutes=10)
    look(site)
    assert events(site) == ["scheduled"]


def test_a_window_that_moves_is_reminded_of_anew(site: Site, still: StandingClock):
    ref = plan(site, in_=timedelta(hours=30))
    still.advance(hours=7)
    look(site)
    start = clock.now() + timedelta(hours=48)
    given = WindowIn(title="Migration", starts_at=start, ends_at=start + timedelta(hours=1))
    site.portal.status.windows.edit(By("test"), ref, given)
    still.advance(hours=24, minutes=1)
    look(site)
    assert events(site) == ["scheduled", "reminder", "changed", "reminder"]


def test_an_operator_and_the_clock_tell_it_once(site: Site, still: StandingClock):
    ref = plan(site, in_=timedelta(minutes=5))
    act = site.portal.status.windows.act
    act(By("test"), ref, WindowAct(action="start"))
    look(site)
    act(By("test"), ref, WindowAct(action="end"))
    look(site)
    still.advance(hours=2)
    look(site)
    assert events(site) == ["scheduled", "started", "ended"]


def test_a_cancelled_window_is_told_no_more(site: Site, still: StandingClock):
    ref = plan(site, in_=timedelta(hours=26))
    site.portal.status.windows.act(By("test"), ref, WindowAct(action="cancel"))
    still.advance(hours=26, minutes=1)
    look(site)
    assert events(site) == ["scheduled", "cancelled"]


def test_a_series_is_told_once_and_each_of_its_windows_begins(site: Site, still: StandingClock):
    start = clock.now() + timedelta(hours=2)
    given = SeriesIn(
        title="Patches",
        starts_at=start,
        ends_at=start + timedelta(hours=1),
        recurrence="FREQ=DAILY;COUNT=3",
    )
    site.portal.status.series.create(By("test"), given)
    look(site)
    # The one in two hours is within a reminder's day, and so is none but the first.
    assert events(site) == ["scheduled"]
    still.advance(hours=2)
    look(site)
    assert events(site)[1:] == ["started", "reminder"]


def test_an_announcement_that_was_planned_is_told_when_it_comes(site: Site, still: StandingClock):
    given = AnnouncementIn(
        title="New prices",
        status="scheduled",
        channels=["web", "email"],
        starts_at=clock.now() + timedelta(hours=1),
    )
    site.portal.status.announcements.create(By("test"), given)
    look(site)
    assert events(site) == []
    still.advance(hours=1)
    look(site)
    assert events(site) == ["published"]


def test_operators_are_reminded_of_an_update_they_promised(site: Site, still: StandingClock):
    now = clock.now()
    row = site.portal.status.incidents.open(
        By("test"), an_incident(nextUpdateAt=now + timedelta(minutes=30))
    )
    look(site)
    still.advance(minutes=30)
    look(site)
    assert events(site) == ["opened", "update_due"]
    update = UpdateIn(
        status="identified", message="Found.", next_update_at=clock.now() + timedelta(minutes=30)
    )
    site.portal.status.incidents.update(By("test"), row.reference, update)
    look(site)
    still.advance(minutes=31)
    look(site)
    assert events(site) == ["opened", "update_due", "updated", "update_due"]


def test_an_alert_that_lasts_and_its_end_reach_operators(site: Site, still: StandingClock):
    stale(site, still)
    look(site)
    assert events(site) == ["lasts"]
    with site.portal.core.open_session() as session:
        (notice,) = session.query(Notice)
        assert notice.audiences == ["operations"]
        assert notice.title == "Exporter stale"
    site.scrape(SCRAPER)
    run_once(site.portal)
    look(site)
    assert events(site) == ["lasts", "recovered"]
