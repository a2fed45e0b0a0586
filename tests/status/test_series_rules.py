"""Which series can be, and how far ahead their windows are planned; on values alone."""

from typing import Any

import pytest

from portal.errors import RuleError
from portal.status import series
from portal.status.series import SeriesIn, WindowSeries
from portal.status.series.schemas import LONGEST, SHOWN
from tests.instants import DAY, HOUR, NOW, TICK

pytestmark = pytest.mark.unit


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
