"""When a window is due to be told of, and when it is due no more."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy.orm import Session

from portal.status import windows
from portal.status.notices import NEWS, Event
from tests.instants import DAY, HOUR, MINUTE, NOW, TICK
from tests.notify.due import due, window


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
    ("event", "starts", "ends"),
    [(Event.STARTED, timedelta(0), HOUR), (Event.ENDED, -HOUR, timedelta(0))],
)
@pytest.mark.parametrize(
    ("told", "is_due", "why"),
    [
        (-MINUTE, True, "that was undone since, or it would have happened then"),
        (-TICK, True, "so was that"),
        (timedelta(0), False, "it happened by hand at this instant"),
    ],
)
def test_what_was_told_and_undone_is_told_when_it_comes(
    session: Session, event, starts, ends, told, is_due, why
):
    row = window(session, starts, ends)
    windows.notify(session, row, event, now=NOW + told)
    found = due(session)
    assert [(one.event, one.occurred_at) for one in found] == [(event, NOW)] * is_due, why


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
