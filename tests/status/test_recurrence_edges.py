"""Where a rule begins, ends and is cut off; on values alone."""

from datetime import UTC, datetime

import pytest

from portal.errors import RuleError
from portal.status.series import recurrence
from portal.status.series.recurrence import HORIZON, MOST_COUNT
from tests.instants import DAY, NOW, TICK

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
