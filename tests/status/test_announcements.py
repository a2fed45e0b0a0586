"""Acts on announcements, on both databases."""

from datetime import timedelta

import pytest

from portal.audit import chain, search
from portal.board import published
from portal.errors import NotFoundError, RuleError, StaleVersionError
from portal.status import announcements
from portal.status.announcements import Announcement, AnnouncementIn, StatusChange
from portal.status.terms import Severity, Status, derive_status
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.instants import HOUR, NOW
from tests.sites import Site

# (draft, start, end, ended, now) in hours -> status, and why
TRUTH = [
    (False, 0, 2, None, 1, Status.ACTIVE, "between start and end"),
    (False, 0, 2, None, 0, Status.ACTIVE, "the start itself belongs to it"),
    (False, 0, 2, None, 2, Status.RESOLVED, "the end itself does not"),
    (False, 1, 2, None, 0, Status.SCHEDULED, "not begun"),
    (False, 0, None, None, 900, Status.ACTIVE, "no end"),
    (False, 0, 2, 1, 1, Status.RESOLVED, "ended before its time"),
    (False, 0, 2, 1, 0, Status.ACTIVE, "seen before it was ended"),
    (True, 0, 2, None, 1, Status.DRAFT, "a draft is never active"),
    (True, 0, 2, 1, 1, Status.RESOLVED, "a draft that was put away"),
]


@pytest.mark.parametrize(("draft", "start", "end", "ended", "now", "status", "why"), TRUTH)
def test_the_status_follows_from_the_times(draft, start, end, ended, now, status, why):
    def at(hours):
        return None if hours is None else NOW + hours * HOUR

    found = derive_status(
        is_draft=draft, starts_at=at(start), ends_at=at(end), ended_at=at(ended), now=at(now)
    )
    assert found is status, why


def announcement_in(**values) -> AnnouncementIn:
    return AnnouncementIn(**{"title": "Slow mail", "status": "active", **values})


def test_an_act_is_change_audit_and_revision_in_one(either: Site, still: StandingClock):
    status = either.portal.status
    with either.portal.core.open_session() as session:
        before = published.take(session, now=still.now()).revision
    row = status.announcements.create(By("ada"), announcement_in(severity=Severity.INCIDENT))
    with either.portal.core.open_session() as session:
        taken = published.take(session, now=still.now())
        event = search.search(session)[0][0]
        kept = session.get(Announcement, row.id)
        assert kept.starts_at == NOW
        assert kept.starts_at.tzinfo is not None
    assert taken.revision == before + 1
    assert [one.title for one in taken.active] == ["Slow mail"]
    assert (event.type, event.actor, event.detail["ref"]) == (
        "announcement.created",
        "ada",
        "slow-mail",
    )


def test_a_refused_input_leaves_nothing(either: Site, still: StandingClock):
    with pytest.raises(RuleError):
        either.portal.status.announcements.create(By("ada"), announcement_in(ends_at=NOW - HOUR))
    with either.portal.core.open_session() as session:
        assert announcements.listed(session, now=still.now(), limit=5, offset=0) == ([], 0)
        assert chain.length(session) == 0


REFUSED = [
    ({"ends_at": NOW}, "endsAt", "an active one ends in the future"),
    ({"starts_at": NOW + HOUR}, "startsAt", "an active one has started"),
    ({"status": "scheduled", "starts_at": NOW - 2 * timedelta(minutes=1)}, "startsAt", "past"),
    ({"status": "scheduled", "starts_at": NOW + HOUR, "ends_at": NOW + HOUR}, "endsAt", "0 h"),
    ({"status": "resolved"}, "status", "nothing begins its life resolved"),
    ({"slug": "7"}, "slug", "a number would be read as an id"),
]


@pytest.mark.parametrize(("values", "field", "why"), REFUSED)
def test_times_that_contradict_the_status_are_refused(
    site: Site, still: StandingClock, values, field, why
):
    with pytest.raises(RuleError) as refusal:
        site.portal.status.announcements.create(By("ada"), announcement_in(**values))
    assert refusal.value.field == field, why


def test_a_scheduled_start_has_a_minute_of_grace(site: Site, still: StandingClock):
    row = site.portal.status.announcements.create(
        By("ada"), announcement_in(status="scheduled", starts_at=NOW - timedelta(seconds=60))
    )
    assert row.status_at(NOW) is Status.ACTIVE


def test_a_running_scheduled_one_can_still_be_extended(site: Site, still: StandingClock):
    status = site.portal.status
    row = status.announcements.create(
        By("ada"), announcement_in(status="scheduled", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
    )
    still.advance(minutes=90)
    longer = status.announcements.edit(
        By("ada", version=1),
        row.slug,
        announcement_in(status="scheduled", starts_at=NOW + HOUR, ends_at=NOW + 4 * HOUR),
    )
    assert longer.ends_at == NOW + 4 * HOUR


def test_resolving_keeps_the_planned_end(either: Site, still: StandingClock):
    status = either.portal.status
    row = status.announcements.create(By("ada"), announcement_in(ends_at=NOW + 2 * HOUR))
    still.advance(minutes=30)
    done = status.announcements.set_status(
        By("ada", version=1), row.slug, StatusChange(status="resolved")
    )
    assert done.ends_at == NOW + 2 * HOUR
    assert done.resolved_at == still.now()
    with pytest.raises(RuleError):
        status.announcements.set_status(
            By("ada", version=2), row.slug, StatusChange(status="active")
        )


@pytest.mark.fault(16)
def test_a_stale_version_changes_nothing(either: Site, still: StandingClock):
    status = either.portal.status
    row = status.announcements.create(By("ada"), announcement_in())
    status.announcements.edit(By("ada", version=1), row.slug, announcement_in(title="First"))
    with pytest.raises(StaleVersionError) as stale:
        status.announcements.edit(By("bob", version=1), row.slug, announcement_in(title="Second"))
    assert stale.value.current.title == "First"


def test_an_unknown_reference_is_told(site: Site):
    with pytest.raises(NotFoundError):
        site.portal.status.announcements.set_status(
            By("ada"), "nothing", StatusChange(status="resolved")
        )
