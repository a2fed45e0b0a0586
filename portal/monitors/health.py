"""What one look found, and what a monitor is by it."""

from enum import IntEnum, StrEnum


class Outcome(IntEnum):
    """What one look found, in the order in which the worse wins; unknown is not in that order."""

    UNKNOWN = 0
    UP = 1
    DEGRADED = 2
    DOWN = 3


class Health(StrEnum):
    """What a monitor is; unknown is what nobody could measure."""

    UNKNOWN = "unknown"
    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"

    @property
    def outcome(self) -> Outcome:
        return Outcome[self.name]


def of(outcome: Outcome) -> Health:
    """The health that a look alone would say."""
    return Health[outcome.name]
