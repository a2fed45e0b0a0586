"""Durations as people write them: `90s`, `30m`, `2h`, `1h30m`, `2d`."""

import re
from datetime import timedelta

_PART = re.compile(r"(\d{1,6})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse(text: str) -> timedelta:
    """Read a duration; ValueError says what is accepted."""
    compact = text.strip().lower().replace(" ", "")
    parts = _PART.findall(compact)
    if not parts or "".join(number + unit for number, unit in parts) != compact:
        raise ValueError(f"{text!r} is not a duration. Use a form such as 90s, 30m, 2h or 1h30m")
    seconds = sum(int(number) * _SECONDS[unit] for number, unit in parts)
    if not seconds:
        raise ValueError("a duration must be longer than zero")
    return timedelta(seconds=seconds)


def spoken(seconds: float) -> str:
    """The two largest units, for reading: `6 min 12 s`, `2 h 5 min`, `3 d 4 h`."""
    left = max(0, int(seconds))
    parts: list[str] = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count or (parts and len(parts) < 2):
            parts.append(f"{count} {unit}")
        if len(parts) == 2:
            break
    return " ".join(part for part in parts if not part.startswith("0 ")) or "0 s"
