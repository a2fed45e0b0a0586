"""Instants and days as pages and mails write them, in the language that is spoken."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from portal.board import languages
from portal.web import catalogues

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _in_zone(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(UTC if zone == "UTC" else ZoneInfo(zone))


def clock_time(moment: datetime, zone: str = "UTC") -> str:
    """`22:45 (Europe/Berlin, 20:45 UTC)`, or `20:45 UTC` alone."""
    utc = f"{moment.astimezone(UTC):%H:%M} UTC"
    return utc if zone == "UTC" else f"{_in_zone(moment, zone):%H:%M} ({zone}, {utc})"


def clock_seconds(moment: datetime) -> str:
    """`20:45:07 UTC`."""
    return f"{moment.astimezone(UTC):%H:%M:%S} UTC"


def day(moment: date) -> str:
    """`23 November`; an instant counts by its UTC day."""
    if isinstance(moment, datetime):
        moment = moment.astimezone(UTC)
    return _dated(moment, "MMMMd") or f"{moment.day} {_MONTHS[moment.month - 1]}"


def brief_day(moment: date) -> str:
    """`23 Nov`."""
    return _dated(moment, "MMMd") or f"{moment.day} {_MONTHS[moment.month - 1][:3]}"


def weekday(moment: date) -> str:
    """`Sun 29 November 2026`."""
    return f"{_WEEKDAYS[moment.weekday()][:3]} {day(moment)} {moment.year}"


def stamp(moment: datetime, zone: str = "UTC") -> str:
    """`Thu 26 Nov, 02:00 (Europe/Berlin, 01:00 UTC)`."""
    local = _in_zone(moment, zone)
    return f"{_short_day(local)}, {clock_time(moment, zone)}"


def until_when(ends_at: datetime, starts_at: datetime, zone: str = "UTC") -> str:
    """The end, with its day only when that is another one than the start's."""
    same_day = _in_zone(ends_at, zone).date() == _in_zone(starts_at, zone).date()
    return clock_time(ends_at, zone) if same_day else stamp(ends_at, zone)


def span(starts_at: datetime, ends_at: datetime | None, zone: str = "UTC") -> str:
    """`Thu 26 Nov, 02:00 – 03:00 (Europe/Berlin, 01:00 – 02:00 UTC)`."""
    if ends_at is None:
        return f"{stamp(starts_at, zone)}, {catalogues.say('no end planned')}"
    local = plain_span(starts_at, ends_at, zone)
    if zone == "UTC":
        return f"{local} UTC"
    return f"{local} ({zone}, {_pair(starts_at, ends_at, 'UTC')} UTC)"


def plain_stamp(moment: datetime, zone: str = "UTC") -> str:
    """`Thu 26 Nov, 02:00`, where the zone stands beside it."""
    local = _in_zone(moment, zone)
    return f"{_short_day(local)}, {local:%H:%M}"


def plain_span(starts_at: datetime, ends_at: datetime | None, zone: str = "UTC") -> str:
    """`Thu 26 Nov, 02:00 – 03:00`, where the zone stands beside it."""
    if ends_at is None:
        return plain_stamp(starts_at, zone)
    return f"{_short_day(_in_zone(starts_at, zone))}, {_pair(starts_at, ends_at, zone)}"


def long_day(moment: date) -> str:
    """`Sunday 22 November`."""
    return _dated(moment, "MMMMEEEEd") or f"{_WEEKDAYS[moment.weekday()]} {day(moment)}"


def month(moment: date) -> str:
    """`June 2030`."""
    return _dated(moment, "yMMMM") or f"{_MONTHS[moment.month - 1]} {moment.year}"


def _pair(starts_at: datetime, ends_at: datetime, zone: str) -> str:
    first, last = _in_zone(starts_at, zone), _in_zone(ends_at, zone)
    day_too = "" if first.date() == last.date() else f"{_short_day(last)}, "
    return f"{first:%H:%M} – {day_too}{last:%H:%M}"


def _short_day(local: datetime) -> str:
    english = f"{_WEEKDAYS[local.weekday()][:3]} {local.day} {_MONTHS[local.month - 1][:3]}"
    return _dated(local, "MMMEd") or english


def _dated(moment: date, skeleton: str) -> str:
    """A date as the language that is spoken writes it; empty for English, which has its own."""
    language = catalogues.language()
    if language == languages.DEFAULT:
        return ""
    # Their data are read when somebody speaks another language.
    from babel import dates

    text: str = dates.format_skeleton(skeleton, moment, locale=language, fuzzy=True)
    return text
