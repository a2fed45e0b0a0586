"""Recurrence: rules of RFC 5545 on the clocks of a zone.

A rule is expanded in local time, and each occurrence is then an instant: a window at 02:00 stays at
02:00 over a clock change. A time that a change leaves out is read with the offset before it, so it
comes as much later; one that comes twice is the first of the two (RFC 5545, section 3.3.5).
"""

import re
from calendar import isleap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from portal.errors import RuleError

FIELD = "recurrence"
# However sparse a rule is, its next ones are not looked for beyond this from now.
HORIZON = timedelta(days=366 * 5)
MOST_COUNT = 1000
_PLACE = r"-?([1-9]\d?|[12]\d\d|3[0-5]\d|36[0-6])"
_PARTS = {
    "FREQ": r"DAILY|WEEKLY|MONTHLY|YEARLY",
    "INTERVAL": r"[1-9]\d{0,2}",
    "COUNT": r"[1-9]\d{0,3}",
    "UNTIL": r"\d{8}(T\d{6}Z?)?",
    "BYDAY": r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)(,([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)){0,6}",
    "BYMONTHDAY": r"-?([1-9]|[12]\d|3[01])(,-?([1-9]|[12]\d|3[01])){0,30}",
    "BYMONTH": r"([1-9]|1[0-2])(,([1-9]|1[0-2])){0,11}",
    "BYSETPOS": rf"{_PLACE}(,{_PLACE}){{0,9}}",
    "WKST": r"MO|TU|WE|TH|FR|SA|SU",
}


@dataclass(frozen=True)
class Rule:
    """A rule that was checked; `until` is local time, and `count` counts from the first."""

    text: str
    count: int | None
    until: datetime | None


def parse(text: str, zone: str) -> Rule:
    """Read `FREQ=WEEKLY;BYDAY=SU`; RuleError says what cannot be."""
    given: dict[str, str] = {}
    for part in text.removeprefix("RRULE:").strip().upper().split(";"):
        name, _, value = part.partition("=")
        if name not in _PARTS:
            raise RuleError(FIELD, f"{name[:20] or 'A rule'} is not one of {', '.join(_PARTS)}.")
        if name in given:
            raise RuleError(FIELD, f"{name} is there twice.")
        if not re.fullmatch(_PARTS[name], value):
            raise RuleError(FIELD, f"{name} cannot be {value[:40] or 'empty'}.")
        given[name] = value
    if "FREQ" not in given:
        raise RuleError(FIELD, "A rule needs FREQ=DAILY, WEEKLY, MONTHLY or YEARLY.")
    if "COUNT" in given and "UNTIL" in given:
        raise RuleError(FIELD, "Use either COUNT or UNTIL, not both.")
    count = int(given.pop("COUNT")) if "COUNT" in given else None
    if count is not None and count > MOST_COUNT:
        raise RuleError(FIELD, f"COUNT can be {MOST_COUNT} at most.")
    until = _until(given.pop("UNTIL"), zone) if "UNTIL" in given else None
    plain = ";".join(f"{name}={value}" for name, value in given.items())
    return Rule(plain, count, until)


def local_times(rule: Rule, first: datetime, *, until: datetime) -> Iterator[datetime]:
    """Naive local times from `first` on, as the rule has them, up to `until` (local too).

    dateutil heeds an end only where it finds an occurrence: for a rule that never occurs it goes
    on to the last year there is. So we let it walk in late years that have the same calendar.
    """
    ends = min(one for one in (rule.until, until) if one is not None)
    if ends < first:
        return
    later = _years_later(first.year, ends.year)
    found = rrulestr(rule.text, dtstart=first.replace(year=first.year + later))
    found = found.replace(until=ends.replace(year=ends.year + later))
    try:
        for local in islice(found, rule.count):
            yield local.replace(year=local.year - later)
    except ValueError:  # a week with days after the last year there is
        return


def _years_later(first: int, last: int) -> int:
    """How much later than the years from `first` to `last` the latest of the same calendar are.

    Mostly few years of the calendar are left after those; 400 at most, as it repeats after that.
    The very last year is left out, as its last week has days in the year after it.
    """

    def shape(later: int) -> list[tuple[int, bool]]:
        years = range(first + later, last + later + 1)
        return [(datetime(year, 1, 1).weekday(), isleap(year)) for year in years]  # noqa: DTZ001

    wanted = shape(0)
    return next((n for n in range(MAXYEAR - 1 - last, 0, -1) if shape(n) == wanted), 0)


def instant(local: datetime, zone: str) -> datetime:
    """A naive local time as an instant in UTC; see the module for times that are not, or twice."""
    return local.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)


def occurrences(
    text: str, first: datetime, zone: str, *, since: datetime, until: datetime, most: int
) -> list[tuple[datetime, datetime]]:
    """Starts after `since` and up to `until`, as (naive local time, instant); `most` of them."""
    rule = parse(text, zone)
    last = until.astimezone(ZoneInfo(zone)).replace(tzinfo=None) + timedelta(days=1)
    found: list[tuple[datetime, datetime]] = []
    for local in local_times(rule, first, until=last):
        moment = instant(local, zone)
        if moment > until or len(found) == most:
            break
        if moment > since:
            found.append((local, moment))
    return found


def _until(text: str, zone: str) -> datetime:
    form = {8: "%Y%m%d", 15: "%Y%m%dT%H%M%S", 16: "%Y%m%dT%H%M%SZ"}[len(text)]
    try:
        moment = datetime.strptime(text, form)  # noqa: DTZ007 (a date on the clocks of the zone)
    except ValueError:
        raise RuleError(FIELD, "UNTIL is not a date.") from None
    if text.endswith("Z"):
        return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    # A day alone takes in the whole of it.
    return moment if "T" in text else moment + timedelta(days=1, seconds=-1)
