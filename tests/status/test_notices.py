"""What subscribers are told of announcements and incidents, each thing once."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.status import announcements, incidents, notices, windows
from portal.status.announcements import Announcement, AnnouncementIn
from portal.status.incidents import impacts
from portal.status.notices import NEWS, Event, NoticeKind
from portal.status.terms import Status
from portal.unit_of_work import By, Transaction
from tests import rows
from tests.instants import HOUR, NOW, TICK
from tests.status.told import told, window


@pytest.mark.parametrize(
    ("event", "nth", "key"),
    [
        (Event.STARTED, "", "window m-1 started"),
        (Event.ENDED, "", "window m-1 ended"),
        (Event.EXTENDED, "", "window m-1 extended 3"),
        (Event.REMINDER, "x", "window m-1 reminder x"),
    ],
)
def test_what_happens_once_is_told_once_by_whatever_hand(session: Session, event, nth, key):
    row = window()
    windows.notify(session, row, event, now=NOW, nth=nth)
    windows.notify(session, row, event, now=NOW + HOUR, nth=nth)
    assert [one.key for one in told(session)] == [key]
    counted = 3 if event is Event.EXTENDED else nth
    assert notices.was_put(session, NoticeKind.WINDOW, event, "m-1", counted)
    assert not notices.was_put(session, NoticeKind.WINDOW, event, "m-2", counted)
    row.version = 4
    windows.notify(session, row, event, now=NOW, nth=nth)
    assert len(told(session)) == (2 if event is Event.EXTENDED else 1)


def test_only_the_ways_that_the_portal_sends_by_are_kept(session: Session):
    windows.notify(session, window(channels=["web", "sms", "email"]), Event.STARTED, now=NOW)
    assert told(session)[0].channels == ["email"]


@pytest.mark.parametrize(
    ("event", "channels", "nth", "ends", "is_broadcast"),
    [
        (Event.PUBLISHED, ["web", "email"], "", True, True),
        (Event.CHANGED, ["api"], " 3", True, True),
        (Event.RESOLVED, ["email"], "", False, False),
        (Event.PUBLISHED, ["web"], "", True, False),
    ],
)
def test_what_is_told_of_an_announcement(session, event, channels, nth, ends, is_broadcast):
    row = Announcement(slug="a", created_at=NOW, updated_at=NOW, version=3)
    given = AnnouncementIn(title="T", status="active", ends_at=NOW + HOUR, channels=channels)
    given.apply(row, now=NOW)
    announcements.notify(session, row, event, now=NOW + HOUR, at=NOW)
    (one,) = told(session)
    assert one.key == f"announcement a {event}{nth}"
    assert ("endsAt" in one.facts) is ends
    assert one.occurred_at == NOW
    assert row.last_broadcast_at == (NOW + HOUR if is_broadcast else None)
    row.ends_at = None
    row.slug = "b"
    announcements.notify(session, row, event, now=NOW)
    assert "endsAt" not in told(session)[1].facts


@pytest.mark.parametrize(
    ("age", "is_told", "why"),
    [
        (timedelta(0), True, "just now"),
        (NEWS, True, "a day ago is news still"),
        (NEWS + TICK, False, "what is written up late is not sent"),
    ],
)
def test_what_is_told_of_an_incident(
    session: Session, monkeypatch: pytest.MonkeyPatch, age, is_told, why
):
    monkeypatch.setattr(impacts, "states", lambda *_: {"api": "x"})
    row = rows.incident(next_update_at=NOW + HOUR, version=4)
    for event in (Event.OPENED, Event.UPDATED):
        incidents.notify(session, row, event, "m", now=NOW, at=NOW - age)
    found = told(session)
    # What is opened is news now, whenever it began.
    assert len(found) == (2 if is_told else 1), why
    assert found[0].key == "incident INC-1 opened"
    if is_told:
        assert [one.key for one in found] == ["incident INC-1 opened", "incident INC-1 updated 4"]
        assert found[0].facts["nextUpdateAt"] == "2030-06-03T13:00:00Z"
        assert (found[0].components, found[0].channels) == (["api"], ["email", "api"])


@pytest.mark.parametrize(
    ("before", "values", "changed", "event", "why"),
    [
        (Status.DRAFT, {}, [], Event.PUBLISHED, "it was a draft"),
        (Status.SCHEDULED, {}, ["title"], Event.PUBLISHED, "it was ahead"),
        (Status.RESOLVED, {}, [], Event.PUBLISHED, "it is taken up again"),
        (Status.ACTIVE, {}, ["title"], Event.CHANGED, "it says something else"),
        (Status.ACTIVE, {}, ["message", "updated_at"], Event.CHANGED, "in its text"),
        (Status.ACTIVE, {}, ["severity"], Event.CHANGED, "or how severe it is"),
        (Status.ACTIVE, {}, ["ends_at", "dismissible"], None, "its end is no news"),
        (Status.ACTIVE, {"resolved_at": NOW}, [], Event.RESOLVED, "it is over"),
        (Status.SCHEDULED, {"resolved_at": NOW}, [], None, "over before anybody knew"),
        (Status.RESOLVED, {"resolved_at": NOW}, ["title"], None, "over before"),
        (Status.DRAFT, {"is_draft": True}, ["title"], None, "a draft is nobody's to know"),
        (Status.ACTIVE, {"is_draft": True}, ["title"], None, "taken back"),
        (Status.DRAFT, {"starts_at": NOW + HOUR}, [], None, "it is ahead"),
    ],
)
def test_what_of_an_announcement_is_news(session: Session, before, values, changed, event, why):
    row = Announcement(slug="a", created_at=NOW, updated_at=NOW, version=1)
    AnnouncementIn(title="T", status="active").apply(row, now=NOW)
    for name, value in values.items():
        setattr(row, name, value)
    announcements.acts._notify_of_change(Transaction(session, NOW, By("a")), row, before, changed)
    assert [one.event for one in told(session)] == ([event.value] if event else []), why


@pytest.mark.unit
@pytest.mark.parametrize(
    ("sent", "dead", "dropped", "pending", "why"),
    [
        (0, 0, 0, 9, "it has come to nobody yet"),
        (4, 0, 0, 5, "who has it waits no more"),
        (0, 3, 0, 6, "nor does who cannot be reached"),
        (0, 0, 2, 7, "nor who does not want it any more"),
        (4, 3, 2, 0, "all are done with"),
        (4, 3, 3, 0, "fewer than none are never left"),
    ],
)
def test_how_many_a_notice_has_not_come_to_yet(sent, dead, dropped, pending, why):
    one = rows.notice(recipients=9, sent=sent, dead=dead, dropped=dropped)
    assert one.pending == pending, why


@pytest.mark.unit
@pytest.mark.parametrize(
    ("dialect", "kind"), [("postgresql", postgresql.Insert), ("sqlite", sqlite.Insert)]
)
def test_each_database_is_told_to_leave_what_is_there_in_its_own_words(dialect, kind):
    said: list[Any] = []
    session = SimpleNamespace(
        get_bind=lambda: SimpleNamespace(dialect=SimpleNamespace(name=dialect)), execute=said.append
    )
    notices.put(session, NoticeKind.MESSAGE, Event.SENT, "x", notices.Content(title="T"), now=NOW)
    assert isinstance(said[0], kind)
