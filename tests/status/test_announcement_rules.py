"""Which times an announcement may have, and what a given leaves in the row; on rows alone."""

from datetime import timedelta
from typing import Any

import pytest

from portal.errors import RuleError
from portal.status import announcements
from portal.status.announcements import Announcement, AnnouncementIn
from portal.status.terms import LONGEST, START_GRACE, Status
from tests import rows
from tests.instants import HOUR, NOW, TICK

pytestmark = pytest.mark.unit
DRAFT, SCHEDULED, ACTIVE, RESOLVED = Status


def announcement(**values: Any) -> Announcement:
    """A valid, running one."""
    since = dict.fromkeys(("published_at", "created_at", "updated_at"), NOW - HOUR)
    return rows.announcement(**{"id": 1, "title": "A", "channels": ["web"], **since, **values})


@pytest.mark.parametrize(
    ("status", "starts", "ends", "before", "field", "why"),
    [
        (RESOLVED, -HOUR, None, None, "status", "nothing begins its life resolved"),
        (RESOLVED, -HOUR, -2 * HOUR, ACTIVE, None, "one that is resolved is not judged by times"),
        (DRAFT, HOUR, None, None, None, "a draft need not end"),
        (DRAFT, -2 * HOUR, -HOUR, None, None, "a draft may lie in the past"),
        (DRAFT, HOUR, HOUR, None, "endsAt", "but not end as it begins"),
        (DRAFT, HOUR, HOUR + TICK, None, None, "a moment later is late enough"),
        (SCHEDULED, HOUR, None, None, None, "it is ahead"),
        (SCHEDULED, -START_GRACE, None, None, None, "the form took a minute"),
        (SCHEDULED, -START_GRACE - TICK, None, None, "startsAt", "a scheduled start is ahead"),
        (SCHEDULED, -START_GRACE - TICK, None, DRAFT, "startsAt", "also for what was a draft"),
        (SCHEDULED, -HOUR, None, ACTIVE, None, "one that runs was scheduled once"),
        (SCHEDULED, HOUR, HOUR, None, "endsAt", "a span is checked"),
        (SCHEDULED, HOUR, HOUR + LONGEST + TICK, None, "endsAt", "so is its length"),
        (ACTIVE, timedelta(0), None, None, None, "it begins now"),
        (ACTIVE, -HOUR, None, None, None, "it began"),
        (ACTIVE, TICK, None, None, "startsAt", "it cannot run before its start"),
        (ACTIVE, -HOUR, timedelta(0), None, "endsAt", "it cannot run after its end"),
        (ACTIVE, -HOUR, TICK, None, None, "it still runs"),
    ],
)
def test_which_times_a_status_may_have(status, starts, ends, before, field, why):
    def check() -> None:
        ends_at = None if ends is None else NOW + ends
        announcements.check_times(status, NOW + starts, ends_at, before=before, now=NOW)

    if field is None:
        check()
        return
    with pytest.raises(RuleError) as caught:
        check()
    assert caught.value.field == field, why


def announcement_in(**values: Any) -> AnnouncementIn:
    return AnnouncementIn(**{"title": "B", "message": "m", "severity": "security", **values})


def test_a_new_one_begins_now_unless_it_says_when():
    row, later = Announcement(), Announcement()
    announcement_in(status="active").apply(row, now=NOW)
    announcement_in(status="scheduled", starts_at=NOW + HOUR).apply(later, now=NOW)
    assert (row.starts_at, row.published_at, row.is_draft) == (NOW, NOW, False)
    assert later.starts_at == NOW + HOUR
    assert (row.title, row.message, row.severity) == ("B", "m", "security")
    assert row.resolved_at is None


def test_a_draft_was_never_published():
    row = Announcement()
    announcement_in(status="draft", audiences=["public", "public"]).apply(row, now=NOW)
    assert (row.is_draft, row.published_at) == (True, None)
    assert (row.audiences, row.channels, row.dismissible) == (["public"], ["web"], True)


def test_an_edit_keeps_what_it_does_not_say():
    row = announcement()
    announcement_in(status="active", dismissible=False).apply(row, now=NOW)
    assert row.starts_at == NOW - HOUR
    assert row.published_at == NOW - HOUR
    assert row.dismissible is False


def test_an_edit_may_resolve_once_and_brings_nothing_back():
    row = announcement(ends_at=NOW + HOUR)
    announcement_in(status="resolved").apply(row, now=NOW)
    assert row.resolved_at == NOW
    announcement_in(status="resolved").apply(row, now=NOW + HOUR)
    assert row.resolved_at == NOW
    for status in ("draft", "scheduled", "active"):
        with pytest.raises(RuleError, match="Create a new one"):
            announcement_in(status=status).apply(row, now=NOW + HOUR)
    assert row.resolved_at == NOW


def test_it_is_told_with_its_status():
    told = announcements.out(announcement(resolved_at=NOW), now=NOW)
    assert (told.status, told.slug) == (Status.RESOLVED, "a")
    assert announcements.out(announcement(is_draft=True), now=NOW).status is Status.DRAFT
