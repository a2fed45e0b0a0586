"""When an announcement, an update or an alert is due to be told of."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.notify import timetable
from portal.status import announcements, notices
from portal.status.notices import NEWS, Event, Notice, NoticeKind
from tests import rows
from tests.instants import DAY, HOUR, MINUTE, NOW, TICK
from tests.notify.due import SETTINGS, due, episode, incident, window
from tests.rows import delivery


@pytest.mark.parametrize(
    ("starts", "values", "is_told", "why"),
    [
        (timedelta(0), {}, True, "it begins now"),
        (TICK, {}, False, "in a moment"),
        (-NEWS + TICK, {}, True, "less than a day ago"),
        (-NEWS, {}, False, "a day ago"),
        (-HOUR, {"is_draft": True}, False, "a draft"),
        (-HOUR, {"resolved_at": NOW + HOUR}, False, "it has its end"),
        (-HOUR, {"ends_at": NOW}, False, "it is over"),
        (-HOUR, {"ends_at": NOW + TICK}, True, "it is not"),
    ],
)
def test_an_announcement_begins(session: Session, starts, values, is_told, why):
    row = rows.announcement(**{"starts_at": NOW + starts, **values})
    session.add(row)
    found = due(session)
    assert [one.event for one in found] == (["published"] if is_told else []), why
    if is_told:
        assert found[0].occurred_at == NOW + starts


def test_an_announcement_that_was_changed_since_is_not_told_anew(session: Session):
    row = rows.announcement()
    session.add(row)
    announcements.notify(session, row, Event.CHANGED, now=NOW)
    assert due(session) == []


@pytest.mark.parametrize(
    ("values", "is_told", "why"),
    [
        ({}, True, "it was promised for now"),
        ({"next_update_at": NOW + TICK}, False, "for a moment later"),
        ({"next_update_at": NOW - DAY}, True, "for yesterday"),
        ({"next_update_at": None}, False, "nothing was promised"),
        ({"resolved_at": NOW}, False, "it is over"),
    ],
)
def test_operators_are_told_of_an_update_that_is_due(session: Session, values, is_told, why):
    row = incident(session, **values)
    found = due(session)
    assert [one.event for one in found] == (["update_due"] if is_told else []), why
    if is_told:
        assert (found[0].title, found[0].audiences) == ("INC-1 Slow", ["operations"])
        row.next_update_at = NOW - MINUTE
        assert len(due(session)) == 1


@pytest.mark.parametrize(
    ("age", "is_told", "why"),
    [(5 * MINUTE, False, "not longer than that"), (5 * MINUTE + TICK, True, "longer")],
)
def test_an_alert_that_lasts(session: Session, age, is_told, why):
    episode(session, opened_at=NOW - age, subject="")
    found = due(session)
    assert [one.event for one in found] == (["lasts"] if is_told else []), why
    if is_told:
        assert found[0].title == "T"
        assert "1 s (limit 0)" in found[0].message


@pytest.mark.parametrize(
    ("closed", "is_told", "why"),
    [
        (timedelta(0), True, "just now"),
        (-NEWS + TICK, True, "less than a day ago"),
        (-NEWS, False, "a day ago"),
    ],
)
def test_the_end_of_an_alert_that_lasted(session: Session, closed, is_told, why):
    row = episode(session, opened_at=NOW - 2 * DAY)
    other = episode(session, 2)
    assert [one.title for one in due(session)] == ["T: jobs1", "T: jobs2"]
    row.closed_at = NOW + closed
    found = due(session)
    assert [(one.event, one.ref) for one in found] == (
        [("recovered", "episode-1")] if is_told else []
    ), why
    if is_told and closed == timedelta(0):
        assert found[0].message == "It held for 2 d, until 12:00 UTC."
    assert other.closed_at is None


def test_an_alert_that_nobody_heard_of_ends_in_silence(session: Session):
    episode(session, opened_at=NOW - HOUR, closed_at=NOW - MINUTE)
    assert due(session) == []


def test_after_a_restore_nothing_of_it_is_told(session: Session):
    window(session, -HOUR, HOUR)
    incident(session)
    notices.put(session, NoticeKind.MESSAGE, Event.SENT, "x", notices.Content(), now=NOW)
    session.flush()
    session.add(delivery(recipient="chat c", queue="chat c"))
    session.flush()
    assert timetable.silence(session, SETTINGS, now=NOW) == 1
    session.expire_all()
    rows = session.scalars(select(Notice)).all()
    assert len(rows) == 3
    assert all(row.addressed_at == NOW for row in rows)
    assert timetable.due(session, SETTINGS, now=NOW) == []
