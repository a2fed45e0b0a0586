"""How the templates put instants, lengths and figures into words."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from portal import clock, durations
from portal.board import components, languages
from portal.notify.messages import Fact
from portal.status import prose, translations
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
_LATENCIES = (10, 100)
# What is longer is folded.
_MOST_LINES = 6
_UNITS = {
    "d": "duration-day",
    "h": "duration-hour",
    "min": "duration-minute",
    "s": "duration-second",
}
_THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"


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


def fact(told: Fact) -> str:
    """What a message says of something, in the language spoken now."""
    if told.named:
        return ", ".join(
            f"{name} ({catalogues.say(word)})" if word else name for name, word in told.named
        )
    if told.word:
        return catalogues.say(told.word)
    if told.text or told.at is None:
        return told.text
    return span(told.at, told.until, told.zone) if told.until else stamp(told.at, told.zone)


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


def count(number: float) -> str:
    """`18 204`, with a narrow space that does not break between thousands."""
    return f"{round(number):,}".replace(",", _THIN_SPACE)


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 day` or `2 days`; `people` for a noun whose plural is another word."""
    return f"{count(number)} {noun if number == 1 else plural or noun + 's'}"


def percent(ratio: float, digits: int = 0) -> str:
    """A share from 0 to 1 as `87 %`."""
    return f"{ratio * 100:.{digits}f}{_THIN_SPACE}%"


def rate(per_second: float) -> str:
    """Requests a second: one decimal while small, none when large."""
    return f"{per_second:.1f}" if per_second < 10 else count(per_second)


def latency(milliseconds: float) -> str:
    """`under 10 ms`: in steps, so that it reads the same while an answer takes about as long."""
    step = next((one for one in _LATENCIES if milliseconds < one), None)
    return f"under {step} ms" if step else f"{count(round(milliseconds, -2))} ms"


def ago(moment: datetime, now: datetime) -> str:
    """`6 min 12 s ago`."""
    return f"{durations.spoken((now - moment).total_seconds())} ago"


def until(moment: datetime, now: datetime) -> str:
    """`18 min`: what is left; whole minutes from one minute on, as nobody reads seconds there."""
    left = (moment - now).total_seconds()
    return spoken(left if left < 60 else left // 60 * 60)


def lasted(starts_at: datetime, ends_at: datetime) -> str:
    """`42 min`: how long something took."""
    return until(ends_at, starts_at)


def polyline(values: list[float], width: int = 300, height: int = 40) -> str:
    """`points` of an SVG line through `values`, the largest at the top."""
    if not values:
        return ""
    most = max(*values, 1)
    values = values * 2 if len(values) == 1 else values
    step = width / (len(values) - 1)
    return " ".join(
        f"{number * step:.1f},{height - 2 - value / most * (height - 4):.1f}"
        for number, value in enumerate(values)
    )


def month(moment: date) -> str:
    """`June 2030`."""
    return _dated(moment, "yMMMM") or f"{_MONTHS[moment.month - 1]} {moment.year}"


def category(name: str) -> str:
    """A kind of root cause in words: `Network ACL`."""
    return {"network_acl": "Network ACL"}.get(name, name.replace("_", " ").capitalize())


def named(text: str, field: str) -> str:
    """An error away from its field: `Start must not be empty.` for `This field …`."""
    words = re.sub(r"([A-Z])", r" \1", field.rpartition("-")[2]).replace("_", " ")
    words = words.strip().capitalize()
    if field.startswith("translations."):
        _, language, *part = field.split(".")
        name = translations.NAMES.get(language, language)
        words = f"{' '.join(part).capitalize()} in {name}"
    return text.replace("This field", words, 1)


def spoken_title(one: Any) -> str:
    """What an incident or a window is called in the language that is spoken."""
    return translations.text(one.translations, catalogues.language(), "title", one.title)


def uptime(ratio: float) -> str:
    """`99.94 %`; never rounded up to a hundred while there was an outage."""
    shown = int((min(ratio, 0.9999) if ratio < 1 else 1.0) * 10_000) / 10_000
    language = catalogues.language()
    if language == languages.DEFAULT:
        return f"{shown * 100:.2f}{_THIN_SPACE}%"
    from babel import Locale, numbers

    pattern = Locale.parse(language).percent_formats[None].pattern.replace("#,##0", "0.00")
    text: str = numbers.format_percent(shown, format=pattern, locale=language)
    return text


def spoken(seconds: float) -> str:
    """The two largest units, as `durations.spoken` has them in English."""
    language = catalogues.language()
    if language == languages.DEFAULT:
        return durations.spoken(seconds)
    from babel import units

    parts = [part.split() for part in re.findall(r"\d+ [a-z]+", durations.spoken(seconds))]
    return " ".join(
        units.format_unit(int(number), _UNITS[unit], length="short", locale=language)
        for number, unit in parts
    )


def spoken_minutes(seconds: float) -> str:
    """`42 min`: in whole minutes, and one at least."""
    return spoken(max(60, seconds // 60 * 60))


def is_long(text: str, columns: int) -> bool:
    """Whether a message takes more than six lines of so many columns."""
    lines = prose.to_text(text).splitlines()
    return sum(max(1, -(-len(line) // columns)) for line in lines) > _MOST_LINES


def ms(milliseconds: float) -> str:
    """`0.4 ms`, `82 ms`, `1.24 s`, `6 min`: three digits, as nobody reads more."""
    if milliseconds >= 60_000:
        return durations.spoken(milliseconds / 1000)
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:.2f} s"
    return f"{milliseconds:.1f} ms" if milliseconds < 10 else f"{milliseconds:.0f} ms"


def until_now(since: datetime, now: datetime) -> str:
    """`6 min`: how long something has lasted."""
    return until(now, since)


def with_query(path: str, **values: str) -> str:
    """A path with those values that are not empty."""
    chosen = {name: value for name, value in values.items() if value}
    return f"{path}?{urlencode(chosen)}" if chosen else path


FILTERS: dict[str, Callable[..., object]] = {
    "iso": clock.iso,
    "spoken": spoken,
    "clock_time": clock_time,
    "clock_seconds": clock_seconds,
    "day": day,
    "stamp": stamp,
    "weekday": weekday,
    "until_when": until_when,
    "span": span,
    "plain_stamp": plain_stamp,
    "plain_span": plain_span,
    "long_day": long_day,
    "count": count,
    "counted": counted,
    "percent": percent,
    "rate": rate,
    "latency": latency,
    "ago": ago,
    "until": until,
    "fact": fact,
    "lasted": lasted,
    "polyline": polyline,
    "ms": ms,
    "until_now": until_now,
    "with_query": with_query,
    "month": month,
    "named": named,
    "spoken_title": spoken_title,
    "category": category,
    "prose": prose.to_html,
    "uptime": uptime,
    "bars": lambda states: components.bars(tuple(states)),
    "is_long": is_long,
    "spoken_minutes": spoken_minutes,
}
