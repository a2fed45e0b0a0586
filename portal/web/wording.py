"""How the templates put facts, lengths and figures into words; `dates` has the instants."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from portal import clock, durations
from portal.board import components, languages
from portal.notify.messages import Fact
from portal.status import prose, translations
from portal.web import catalogues, dates

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
    if told.until:
        return dates.span(told.at, told.until, told.zone)
    return dates.stamp(told.at, told.zone)


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


def category(name: str) -> str:
    """A kind of root cause in words: `Network ACL`."""
    return {"network_acl": "Network ACL"}.get(name, name.replace("_", " ").capitalize())


# How the sentences of `portal.field_errors` begin that do not name a field.
_ORDERS = {"Choose", "Give", "Leave", "Use", "Write"}


def named(text: str, field: str) -> str:
    """An error away from its field: `Start must not be empty.` for `This field …`.

    What tells what to do has the field in front: `Title: Use 240 characters at most.`
    """
    words = re.sub(r"([A-Z])", r" \1", field.rpartition("-")[2]).replace("_", " ")
    words = words.strip().capitalize()
    if field.startswith("translations."):
        _, language, *part = field.split(".")
        name = translations.NAMES.get(language, language)
        words = f"{' '.join(part).capitalize()} in {name}"
    if text.partition(" ")[0] in _ORDERS:
        return f"{words}: {text}"
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
    "clock_time": dates.clock_time,
    "clock_seconds": dates.clock_seconds,
    "day": dates.day,
    "stamp": dates.stamp,
    "weekday": dates.weekday,
    "until_when": dates.until_when,
    "span": dates.span,
    "plain_stamp": dates.plain_stamp,
    "plain_span": dates.plain_span,
    "long_day": dates.long_day,
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
    "month": dates.month,
    "named": named,
    "spoken_title": spoken_title,
    "category": category,
    "prose": prose.to_html,
    "uptime": uptime,
    "bars": lambda states: components.bars(tuple(states)),
    "is_long": is_long,
    "spoken_minutes": spoken_minutes,
}
