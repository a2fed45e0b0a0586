"""Recurrence over clock changes: hand-written instants, and a walk over all quarters of hours."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from portal.errors import RuleError
from portal.status.series import recurrence


def starts(text: str, first: str, zone: str, *, count: int = 4, days: int = 800) -> list[str]:
    begin = datetime.fromisoformat(first)
    since = recurrence.instant(begin, zone) - timedelta(seconds=1)
    found = recurrence.occurrences(
        text, begin, zone, since=since, until=since + timedelta(days=days), most=count
    )
    return [f"{moment:%Y-%m-%dT%H:%MZ}" for _, moment in found]


@pytest.mark.parametrize(
    ("zone", "first", "expected", "why"),
    [
        (
            "Europe/Berlin",
            "2026-03-27T02:30",
            ["2026-03-27T01:30Z", "2026-03-28T01:30Z", "2026-03-29T01:30Z", "2026-03-30T00:30Z"],
            "02:30 is left out on the 29th: it comes an hour later on the clock, then as before",
        ),
        (
            "Europe/Berlin",
            "2026-10-24T02:30",
            ["2026-10-24T00:30Z", "2026-10-25T00:30Z", "2026-10-26T01:30Z", "2026-10-27T01:30Z"],
            "02:30 comes twice on the 25th: the first of the two",
        ),
        (
            "America/New_York",
            "2026-03-07T02:30",
            ["2026-03-07T07:30Z", "2026-03-08T07:30Z", "2026-03-09T06:30Z", "2026-03-10T06:30Z"],
            "spring in New York, two weeks before Europe's",
        ),
        (
            "America/New_York",
            "2026-10-31T01:30",
            ["2026-10-31T05:30Z", "2026-11-01T05:30Z", "2026-11-02T06:30Z", "2026-11-03T06:30Z"],
            "01:30 comes twice on 1 November",
        ),
        (
            "Australia/Lord_Howe",
            "2026-10-03T02:15",
            ["2026-10-02T15:45Z", "2026-10-03T15:45Z", "2026-10-04T15:15Z", "2026-10-05T15:15Z"],
            "half an hour is left out: 02:15 comes at 02:45",
        ),
        (
            "Australia/Lord_Howe",
            "2026-04-04T01:45",
            ["2026-04-03T14:45Z", "2026-04-04T14:45Z", "2026-04-05T15:15Z", "2026-04-06T15:15Z"],
            "half an hour comes twice: the first 01:45",
        ),
        (
            "Africa/Casablanca",
            "2026-02-14T02:30",
            ["2026-02-14T01:30Z", "2026-02-15T01:30Z", "2026-02-16T02:30Z", "2026-02-17T02:30Z"],
            "clocks go back for Ramadan: 02:30 comes twice on the 15th",
        ),
        (
            "Africa/Casablanca",
            "2026-03-21T02:30",
            ["2026-03-21T02:30Z", "2026-03-22T02:30Z", "2026-03-23T01:30Z", "2026-03-24T01:30Z"],
            "and on again: 02:30 is left out on the 22nd",
        ),
    ],
)
@pytest.mark.fault(12)
def test_both_changes_in_four_zones(zone: str, first: str, expected: list[str], why: str):
    assert starts("FREQ=DAILY", first, zone) == expected, why


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FREQ=WEEKLY;BYDAY=SU", ["2030-06-09T00:00Z", "2030-06-16T00:00Z"]),
        ("RRULE:FREQ=MONTHLY;BYDAY=1SU", ["2030-07-07T00:00Z", "2030-08-04T00:00Z"]),
        ("freq=monthly;bymonthday=-1", ["2030-06-30T00:00Z", "2030-07-31T00:00Z"]),
        ("FREQ=DAILY;INTERVAL=10", ["2030-06-03T02:00Z", "2030-06-13T02:00Z"]),
        ("FREQ=DAILY;COUNT=1", ["2030-06-03T02:00Z"]),
        ("FREQ=DAILY;UNTIL=20300604", ["2030-06-03T02:00Z", "2030-06-04T02:00Z"]),
        ("FREQ=DAILY;UNTIL=20300603T020000Z", ["2030-06-03T02:00Z"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", []),
    ],
)
def test_rules(text: str, expected: list[str]):
    found = starts(text, "2030-06-03T02:00", "UTC", count=2)
    assert [one[:10] for one in found] == [one[:10] for one in expected]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "A rule is not one of"),
        ("FREQ=HOURLY", "FREQ cannot be HOURLY"),
        ("FREQ=SECONDLY;INTERVAL=1", "FREQ cannot be"),
        ("INTERVAL=2", "needs FREQ="),
        ("FREQ=DAILY;FREQ=WEEKLY", "twice"),
        ("FREQ=DAILY;BYHOUR=2", "BYHOUR is not one of"),
        ("FREQ=YEARLY;BYWEEKNO=53", "BYWEEKNO is not one of"),
        ("FREQ=YEARLY;BYYEARDAY=366", "BYYEARDAY is not one of"),
        ("FREQ=YEARLY;BYSETPOS=367", "BYSETPOS cannot be 367"),
        ("FREQ=YEARLY;BYSETPOS=1,-999", "BYSETPOS cannot be 1,-999"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20300101", "either COUNT or UNTIL"),
        ("FREQ=DAILY;COUNT=9999", "1000 at most"),
        ("FREQ=DAILY;UNTIL=20301399", "UNTIL is not a date"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY cannot be XX"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL cannot be 0"),
        ("DTSTART:20300101", "is not one of"),
    ],
)
def test_what_is_no_rule_is_refused(text: str, said: str):
    with pytest.raises(RuleError) as caught:
        recurrence.parse(text, "UTC")
    assert caught.value.field == "recurrence"
    assert said in caught.value.text


@pytest.mark.fault(12)
def test_expansion_agrees_with_a_walk_by_the_quarter_of_an_hour():
    """Every start is the first instant of its day on which the zone's clocks show the time.

    All times here are of whole quarters, and so are the offsets of these zones.
    """
    chance = random.Random(11)
    zones = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "UTC")
    days = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
    for _ in range(12):
        zone = chance.choice(zones)
        wanted = set(chance.sample(days, chance.randint(1, 4)))
        hour, minute = chance.randrange(0, 5), chance.choice((0, 15, 30, 45))
        first = datetime(2026, chance.choice((2, 3, 4, 9, 10)), 1, hour, minute)  # noqa: DTZ001
        begin = recurrence.instant(first, zone)
        end = begin + timedelta(days=60)
        text = f"FREQ=WEEKLY;BYDAY={','.join(sorted(wanted))}"
        found = recurrence.occurrences(
            text, first, zone, since=begin - timedelta(seconds=1), until=end, most=100
        )
        walked: dict[str, datetime] = {}
        moment, place = begin, ZoneInfo(zone)
        while moment <= end:
            local = moment.astimezone(place)
            if (local.hour, local.minute) == (hour, minute) and days[local.weekday()] in wanted:
                walked.setdefault(f"{local:%Y-%m-%d}", moment)
            moment += timedelta(minutes=15)
        by_day = {f"{local:%Y-%m-%d}": instant for local, instant in found}
        for day, instant in walked.items():
            assert by_day.pop(day) == instant, (zone, text, day)
        # What the clocks never showed on its day is one that a change left out.
        for day, instant in by_day.items():
            shown = instant.astimezone(place)
            assert (shown.hour, shown.minute) != (hour, minute), (zone, day)
            assert shown.utcoffset() != (instant - timedelta(hours=2)).astimezone(place).utcoffset()
        assert all(one.tzinfo is UTC for one in by_day.values())
