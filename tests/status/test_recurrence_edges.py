"""Where a rule begins, ends and is cut off; on values alone."""

from datetime import UTC, datetime
from typing import Any

import pytest

from portal.errors import RuleError
from portal.status import series
from portal.status.series import SeriesIn, WindowSeries, recurrence
from portal.status.series.recurrence import HORIZON, MOST_COUNT
from portal.status.series.schemas import LONGEST, SHOWN
from tests.instants import DAY, HOUR, NOW, TICK

pytestmark = pytest.mark.unit
FIRST = datetime(2030, 6, 4, 2, 0)  # noqa: DTZ001 (local time)


def starts(rule: str, *, since: datetime = NOW, until: datetime, most: int = 100) -> list[datetime]:
    found = recurrence.occurrences(rule, FIRST, "UTC", since=since, until=until, most=most)
    return [moment for _, moment in found]


def day(number: int) -> datetime:
    return datetime(2030, 6, number, 2, 0, tzinfo=UTC)


def test_occurrences_come_after_since_and_up_to_until():
    assert starts("FREQ=DAILY", until=day(6)) == [day(4), day(5), day(6)]
    assert starts("FREQ=DAILY", until=day(6) - TICK) == [day(4), day(5)]
    assert starts("FREQ=DAILY", since=day(4), until=day(6)) == [day(5), day(6)]
    assert starts("FREQ=DAILY", since=day(4) - TICK, until=day(5)) == [day(4), day(5)]
    assert starts("FREQ=DAILY", until=day(30), most=2) == [day(4), day(5)]
    assert starts("FREQ=DAILY", until=day(4) - DAY) == []


@pytest.mark.parametrize(
    ("rule", "last", "why"),
    [
        ("FREQ=DAILY;COUNT=2", 5, "the first counts"),
        ("FREQ=DAILY;COUNT=1", 4, "and may be the only one"),
        ("FREQ=DAILY;UNTIL=20300606T020000", 6, "until is part of it"),
        ("FREQ=DAILY;UNTIL=20300606T015959", 5, "not a second before"),
        ("FREQ=DAILY;UNTIL=20300606", 6, "a day alone is the whole of it"),
        ("FREQ=DAILY;UNTIL=20300606T020000Z", 6, "in UTC too"),
        ("FREQ=DAILY;UNTIL=20300604T020000", 4, "until the first itself"),
    ],
)
def test_a_rule_ends_by_count_or_until(rule, last, why):
    assert starts(rule, until=day(30))[-1] == day(last), why


def test_a_rule_that_ends_before_it_begins_has_none():
    assert starts("FREQ=DAILY;UNTIL=20300604T015959", until=day(30)) == []


def test_the_day_of_until_is_that_of_the_zone():
    first = datetime(2030, 6, 4, 23, 30)  # noqa: DTZ001 (local time)
    found = recurrence.occurrences(
        "FREQ=DAILY;UNTIL=20300605T213000Z",
        first,
        "Europe/Berlin",
        since=NOW,
        until=NOW + 30 * DAY,
        most=9,
    )
    assert [local.day for local, _ in found] == [4, 5]


def test_what_comes_late_in_a_far_zone_is_not_lost():
    """In Auckland it is tomorrow already: the bound is widened before it is cut."""
    first = datetime(2030, 6, 4, 9, 0)  # noqa: DTZ001 (local time)
    for zone, hour in (("Pacific/Auckland", 21), ("Pacific/Honolulu", 19)):
        found = recurrence.occurrences(
            "FREQ=DAILY", first, zone, since=NOW, until=NOW + 3 * DAY, most=9
        )
        assert {moment.hour for _, moment in found} == {hour}
        assert found[-1][1] <= NOW + 3 * DAY < found[-1][1] + DAY


@pytest.mark.parametrize(
    ("rule", "is_rule"),
    [
        (f"FREQ=DAILY;COUNT={MOST_COUNT}", True),
        (f"FREQ=DAILY;COUNT={MOST_COUNT + 1}", False),
        ("FREQ=DAILY;COUNT=2;UNTIL=20300606", False),
        ("FREQ=DAILY;FREQ=DAILY", False),
        ("FREQ=DAILY;UNTIL=20301306", False),
        ("INTERVAL=2", False),
        ("RRULE:FREQ=DAILY", True),
    ],
)
def test_what_is_a_rule(rule, is_rule):
    if is_rule:
        assert recurrence.parse(rule, "UTC").text.startswith("FREQ=DAILY")
    else:
        with pytest.raises(RuleError):
            recurrence.parse(rule, "UTC")


def test_a_series_goes_on_however_long_ago_it_began():
    later = NOW + 4 * HORIZON
    found = starts("FREQ=DAILY", since=later, until=later + 3 * DAY)
    assert [(one - later).days for one in found] == [0, 1, 2]


def series_in(**values: Any) -> SeriesIn:
    return SeriesIn(
        **{
            "title": "Patches",
            "starts_at": NOW + HOUR,
            "ends_at": NOW + 2 * HOUR,
            "recurrence": "FREQ=WEEKLY",
            **values,
        }
    )


@pytest.mark.parametrize(
    ("values", "field", "why"),
    [
        ({}, None, "it is ahead"),
        ({"starts_at": NOW}, None, "now is not the past"),
        ({"starts_at": NOW - TICK}, "startsAt", "a moment ago is"),
        ({"ends_at": NOW + HOUR + LONGEST}, None, "a week is the most"),
        ({"ends_at": NOW + HOUR + LONGEST + TICK}, "endsAt", "more than a week"),
        ({"ends_at": NOW + HOUR}, "endsAt", "it would last for nothing"),
        ({"recurrence": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "recurrence", "never comes"),
        ({"recurrence": "FREQ=WEEKLY;UNTIL=20300101"}, "recurrence", "was over before"),
    ],
)
def test_which_series_can_be(values, field, why):
    if field is None:
        series_in(**values).check(now=NOW)
        return
    with pytest.raises(RuleError) as caught:
        series_in(**values).check(now=NOW)
    assert caught.value.field == field, why


def test_the_next_are_shown_with_their_ends():
    found = series_in(starts_at=NOW + HOUR, ends_at=NOW + 3 * HOUR).upcoming(now=NOW)
    assert len(found) == SHOWN
    assert found[0].local == "2030-06-03T13:00:00"
    assert (found[0].starts_at, found[0].ends_at) == (NOW + HOUR, NOW + 3 * HOUR)
    assert found[1].starts_at == NOW + HOUR + 7 * DAY


class Kept:
    """A session that only keeps what it is given."""

    def __init__(self) -> None:
        self.rows: list[Any] = []

    def add_all(self, rows: list[Any]) -> None:
        self.rows += rows


def a_series(**values: Any) -> WindowSeries:
    row = series_in(**values).row(actor="ada", now=NOW)
    row.id, row.version, row.updated_at = 7, 1, NOW
    return row


def test_a_new_series_keeps_local_time_and_length():
    row = a_series(zone="Europe/Berlin", components=["api", "api"], audiences=["public"] * 2)
    assert row.reference.startswith("s-")
    assert (row.first_local, row.duration_seconds) == ("2030-06-03T15:00:00", 3600)
    assert (row.components, row.audiences) == (["api"], ["public"])
    assert (row.awaits_approval, row.planned_until) == (False, NOW)


def test_windows_are_planned_two_months_ahead():
    row, kept = a_series(), Kept()
    made = series.plan(kept, row, now=NOW)  # type: ignore[arg-type]
    assert kept.rows == made
    assert [one.starts_at for one in made] == [NOW + HOUR + 7 * DAY * n for n in range(9)]
    first = made[0]
    assert (first.ends_at, first.first_ends_at) == (NOW + 2 * HOUR, NOW + 2 * HOUR)
    assert (first.occurrence, first.series_id) == ("2030-06-03T13:00:00", 7)
    assert first.awaits_approval is False
    assert row.planned_until == NOW + series.AHEAD


def test_after_many_at_once_it_goes_on_from_the_last():
    row, kept = a_series(recurrence="FREQ=DAILY;BYSETPOS=1"), Kept()
    series.plan(kept, row, now=NOW)  # type: ignore[arg-type]
    assert row.planned_until == NOW + series.AHEAD
    row.planned_until = NOW - 400 * DAY
    row.first_local = "2029-01-01T00:00:00"
    made = series.plan(kept, row, now=NOW)  # type: ignore[arg-type]
    assert len(made) == series.MOST_AHEAD
    assert row.planned_until == made[-1].starts_at


def test_a_series_called_off_has_no_next_one():
    row = a_series()
    told = series.out(row, now=NOW)
    assert [one.starts_at for one in told.next][:2] == [NOW + HOUR, NOW + HOUR + 7 * DAY]
    assert told.next[0].ends_at == NOW + 2 * HOUR
    assert told.recurrence == "FREQ=WEEKLY"
    row.cancelled_at = NOW
    assert series.out(row, now=NOW).next == []
