"""The ways an act can fail because of what was asked; the faces answer each in one place."""

from typing import Any, TypeVar

T = TypeVar("T")


class RuleError(ValueError):
    """An input breaks a rule; `field` names the input in the API's spelling."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field
        self.text = text


class NotFoundError(LookupError):
    """Nothing has that reference."""


class StaleVersionError(Exception):
    """Someone else changed this; `current` is the current state."""

    def __init__(self, current: Any) -> None:
        super().__init__("changed by someone else")
        self.current = current


class ReusedKeyError(Exception):
    """An idempotency key came again with another request."""


def found(row: T | None) -> T:
    """The row that was looked for; NotFoundError when there is none."""
    if row is None:
        raise NotFoundError
    return row
