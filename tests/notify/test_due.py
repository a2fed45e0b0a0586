"""What is due at an instant, row by row, and what is due no more."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.notify import timetable
from portal.runtime.episode import Episode
from portal.status import announcements, notices, windows
from portal.status.incidents import Incident
from portal.status.notices import NEWS, Event, Notice, NoticeKind
from portal.status.windows import Window
from tests import rows
from tests.instants import DAY, HOUR, MINUTE, NOW, TICK
from tests.rows import delivery

SETTINGS: Any = SimpleNamespace(reminders=(DAY, HOUR), sustained_after=5 * MINUTE)


def due(session: Session, settings: Any = SETTINGS) -> list[Notice]:
    """What one look tells; a second look tells nothing new."""
    session.flush()
    before = set(session.scalars(select(Notice.id)))
    for act in timetable.due(session, settings, now=NOW):
        act()
    assert timetable.due(session, settings, now=NOW) == []
    rows = session.scalars(select(Notice).order_by(Notice.id)).all()
    return [row for row in rows if row.id not in before]


def window(session: Session, starts: timedelta, ends: timedelta, **values: Any) -> Window:
    times = {"starts_at": NOW + starts, "ends_at": NOW + ends, "created_at": NOW - 9 * DAY}
    row = rows.window(**{**times, **values})
    session.add(row)
    return row


@pytest.mark.parametrize(
    ("starts", "ends", "values", "told", "why"),
    [
        (timedelta(0), HOUR, {}, ("started", timedelta(0)), "it begins now"),
        (TICK, HOUR, {}, None, "it begins in a moment, and the reminder was said"),
        (-HOUR, HOUR, {}, ("started", -HOUR), "it began while nobody looked"),
        (-NEWS + TICK, HOUR, {}, ("started", -NEWS + TICK), "less than a day ago"),
        (-NEWS, HOUR, {}, None, "a day ago"),
        (-HOUR, timedelta(0), {}, ("ended", timedelta(0)), "it ends now"),
        (-9 * DAY, -NEWS + TICK, {}, ("ended", -NEWS + TICK), "over for less than a day"),
        (-9 * DAY, -NEWS, {}, None, "over for a day"),
        (-HOUR, HOUR, {"ended_at": NOW - MINUTE}, ("ended", -MINUTE), "ended before its time"),
        (-9 * DAY, HOUR, {"ended_at": NOW - NEWS}, None, "ended a day ago"),
        (-HOUR, HOUR, {"cancelled_at": NOW - MINUTE}, None, "called off"),
        (-HOUR, HOUR, {"awaits_approval": True}, None, "nobody approved it"),
    ],
)
def test_a_window_begins_and_ends(session: Session, starts, ends, values, told, why):
    window(session, starts, ends, **values)
    found = due(session, SimpleNamespace(reminders=(), sustained_after=MINUTE))
    assert [(one.event, one.occurred_at - NOW) for one in found] == ([told] if told else []), why


def test_what_was_told_by_hand_is_not_told_by_the_clock(session: Session):
    row = window(session, -HOUR, HOUR)
    windows.notify(session, row, Event.STARTED, now=NOW - HOUR)
    assert due(session) == []
    row.ended_at = NOW
    assert [one.event for one in due(session)] == ["ended"]


@pytest.mark.parametrize(
    ("starts", "created", "seconds", "why"),
    [
        (DAY, -9 * DAY, 86400, "a day before"),
        (DAY + TICK, -9 * DAY, None, "a moment too early"),
        (2 * HOUR, -9 * DAY, 86400, "the day's is said while nobody looked"),
        (HOUR, -9 * DAY, 3600, "an hour before: the latest alone"),
        (TICK, -9 * DAY, 3600, "just before it begins"),
        (HOUR, timedelta(0), 3600, "planned as its reminder comes"),
        (HOUR - TICK, timedelta(0), None, "planned after its reminder would have come"),
        (2 * HOUR, -TICK, None, "planned within the day"),
        (23 * HOUR, -HOUR, 86400, "planned just a day before"),
    ],
)
def test_a_reminder_comes_before_it_begins(session: Session, starts, created, seconds, why):
    window(session, starts, starts + HOUR, created_at=NOW + created)
    found = due(session)
    assert [one.event for one in found] == ([] if seconds is None else ["reminder"]), why
    if seconds is not None:
        assert found[0].key.endswith(f" {seconds}")


@pytest.mark.parametrize("values", [{"cancelled_at": NOW}, {"awaits_approval": True}])
def test_of_what_will_not_be_nobody_is_reminded(session: Session, values):
    window(session, HOUR, 2 * HOUR, **values)
    assert due(session) == []


def test_one_that_is_not_due_holds_up_no_other(session: Session):
    window(session, HOUR - TICK, 2 * HOUR, created_at=NOW)
    window(session, HOUR, 2 * HOUR, reference="m-2")
    assert [one.ref for one in due(session)] == ["m-2"]


def test_a_window_that_was_put_off_is_told_again(session: Session):
    row = window(session, HOUR, 2 * HOUR)
    assert len(due(session)) == 1
    row.starts_at = NOW + HOUR - MINUTE
    assert [one.event for one in due(session)] == ["reminder"]


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


def incident(session: Session, **values: Any) -> Incident:
    row = rows.incident(**{"next_update_at": NOW, **values})
    session.add(row)
    return row


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


def episode(session: Session, number: int = 1, **values: Any) -> Episode:
    named = {"id": number, "alert": "worker-error", "subject": f"jobs{number}", "title": "T"}
    row = rows.episode(**{**named, "unit": "s", **values})
    session.add(row)
    return row


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
