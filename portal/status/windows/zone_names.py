"""The time zones that a window can be in."""

from functools import cache
from zoneinfo import available_timezones

# Names of the system's files that stand for no place.
_NO_ZONES = {"localtime", "posixrules", "Factory"}


@cache
def zones() -> dict[str, str]:
    """The names of all zones by their lower case; reading them from the disk takes 40 ms."""
    return {name.casefold(): name for name in sorted(available_timezones() - _NO_ZONES)}
