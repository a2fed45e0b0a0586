"""Rules that come seldom or never: found as by a slow walk, and without a long one."""

import random
from calendar import monthrange
from datetime import UTC, datetime, timedelta

import pytest
from dateutil import rrule

from portal.errors import RuleError
from portal.status.series import SeriesIn, recurrence

pytestmark = pytest.mark.unit
FIRST = datetime(2030, 6, 3, 2, 0)  # noqa: DTZ001 (local time, a Monday)
DAY = timedelta(days=1)
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
# How many periods of a frequency a day comes after the first.
PERIODS = {
    "DAILY": lambda first, day: (day - first).days,
    "WEEKLY": lambda first, day: (monday(day) - monday(first)).days // 7,
    "MONTHLY": lambda first, day: (day.year - first.year) * 12 + day.month - first.month,
    "YEARLY": lambda first, day: day.year - first.year,
}
NEVER = (
    ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "no such day"),
    ("FREQ=DAILY;BYMONTH=2,4,6,9,11;BYMONTHDAY=31", "nor such"),
    ("FREQ=DAILY;INTERVAL=7;BYDAY=TU", "always a Monday"),
    ("FREQ=DAILY;INTERVAL=14;BYDAY=TU,WE,TH,FR,SA,SU", "always a Monday"),
    ("FREQ=DAILY;BYSETPOS=2", "a day has one start"),
    ("FREQ=WEEKLY;BYMONTH=2;BYMONTHDAY=-30", "February is shorter"),
    ("FREQ=WEEKLY;BYSETPOS=8", "a week has seven days"),
    ("FREQ=MONTHLY;BYDAY=5MO;BYMONTHDAY=1", "the first is no fifth Monday"),
    ("FREQ=MONTHLY;BYMONTH=4;BYMONTHDAY=31", "April is shorter"),
    ("FREQ=MONTHLY;INTERVAL=12;BYMONTH=1", "always in June"),
    ("FREQ=MONTHLY;BYSETPOS=-366", "a month is shorter"),
    ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "no such day"),
    ("FREQ=YEARLY;BYDAY=MO;BYSETPOS=54", "a year has 53 Mondays at most"),
    ("FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29", "2030 and every fourth have no such day"),
    ("FREQ=YEARLY;INTERVAL=400;BYMONTH=2;BYMONTHDAY=29", "nor has every four-hundredth"),
    ("FREQ=WEEKLY;INTERVAL=999;BYDAY=SU;BYMONTH=1", "not within five years"),
)


def monday(day: datetime) -> datetime:
    return day - DAY * day.weekday()


def local_starts(text: str, first: datetime = FIRST, *, years: int = 5) -> list[datetime]:
    since = first.replace(tzinfo=UTC) - DAY
    until = since + years * 366 * DAY
    found = recurrence.occurrences(text, first, "UTC", since=since, until=until, most=9_999)
    return [local for local, _ in found]


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The years of all months and years that dateutil works out on its way."""
    years: list[int] = []
    rebuild = rrule._iterinfo.rebuild

    def counted(one: object, year: int, month: int) -> None:
        years.append(year)
        rebuild(one, year, month)

    monkeypatch.setattr(rrule._iterinfo, "rebuild", counted)
    return years


@pytest.mark.parametrize(("text", "why"), NEVER)
def test_what_never_occurs_is_known_after_a_few_years(steps: list[int], text: str, why: str):
    assert local_starts(text) == [], why
    assert steps[-1] - steps[0] < 50
    assert len(steps) < 50 * 12


@pytest.mark.parametrize(("text", "why"), NEVER)
def test_what_never_occurs_is_refused_with_a_sentence(text: str, why: str):
    new = SeriesIn(
        title="Patches",
        starts_at=FIRST.replace(tzinfo=UTC),
        ends_at=FIRST.replace(tzinfo=UTC) + timedelta(hours=1),
        recurrence=text,
    )
    with pytest.raises(RuleError) as caught:
        new.check(now=FIRST.replace(tzinfo=UTC) - DAY)
    assert caught.value.field == "recurrence"
    assert caught.value.text == "This rule has no occurrence in the next five years.", why


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29", ["2032-02-29"]),
        ("FREQ=DAILY;INTERVAL=7;BYMONTH=2;BYMONTHDAY=29", []),
        ("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=-29", ["2032-02-01"]),
        ("FREQ=YEARLY;INTERVAL=2;BYMONTH=2;BYMONTHDAY=29", ["2032-02-29"]),
        ("FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=366", ["2032-12-31"]),
        ("FREQ=YEARLY;INTERVAL=4", ["2030-06-03", "2034-06-03"]),
        ("FREQ=YEARLY;INTERVAL=999", ["2030-06-03"]),
    ],
)
def test_what_comes_seldom_is_found(text: str, expected: list[str]):
    assert [f"{one:%Y-%m-%d}" for one in local_starts(text)] == expected


def test_a_week_over_the_end_of_the_calendar_is_no_fault():
    """These come to the last week of the last year, which has a day of January in the next."""
    first = datetime(2030, 6, 9, 2, 0)  # noqa: DTZ001 (local time)
    assert local_starts("FREQ=WEEKLY;INTERVAL=58;BYMONTH=1", first) == []
    assert local_starts("FREQ=WEEKLY;INTERVAL=116;BYMONTH=1", first) == []


@pytest.mark.parametrize("seed", range(4))
def test_it_is_what_a_slow_walk_finds(seed: int):
    """Every day is looked at, over ten years, some of which go over a century without 29 February.

    Months, days of a month and weekdays choose among the days that frequency and interval leave.
    """
    chance = random.Random(seed)
    for _ in range(12):
        year = chance.choice((2028, 2030, 2093, 2096, 2396))
        first = datetime(year, 1, 1, 2) + DAY * chance.randrange(366)  # noqa: DTZ001 (local time)
        frequency, interval = chance.choice(list(PERIODS)), chance.choice((1, 1, 2, 3, 7, 28, 53))
        months = chance.sample(range(1, 13), chance.randint(1, 6))
        days = chance.sample([*range(1, 32), *range(-31, 0)], chance.randint(3, 30))
        weekdays = chance.sample(range(7), chance.randint(2, 7))
        text = (
            f"FREQ={frequency};INTERVAL={interval}"
            f";BYMONTH={','.join(map(str, months))}"
            f";BYMONTHDAY={','.join(map(str, days))}"
            f";BYDAY={','.join(WEEKDAYS[one] for one in weekdays)}"
        )
        walked = [
            day
            for day in (first + n * DAY for n in range(3660))
            if PERIODS[frequency](first, day) % interval == 0
            and day.month in months
            and day.weekday() in weekdays
            and not {day.day, day.day - monthrange(day.year, day.month)[1] - 1}.isdisjoint(days)
        ]
        assert local_starts(text, first, years=10) == walked, text


@pytest.mark.parametrize("frequency", ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
@pytest.mark.parametrize(
    "parts",
    [
        "",
        "INTERVAL=3",
        "BYDAY=MO,FR",
        "BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1",
        "INTERVAL=2;WKST=SU;BYDAY=TU,SU",
        "BYMONTH=2,12;BYMONTHDAY=-1,28",
    ],
)
def test_it_is_what_dateutil_finds_in_the_years_themselves(frequency: str, parts: str):
    text = f"FREQ={frequency};{parts}".rstrip(";")
    for first in (FIRST, FIRST.replace(year=2096, month=2, day=29)):
        last = first + 5 * 366 * DAY - 2 * DAY
        expected = list(rrule.rrulestr(text, dtstart=first).replace(until=last))
        found = [one for one in local_starts(text, first) if one <= last]
        assert found == expected, first
