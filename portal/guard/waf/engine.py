"""What an engine of the WAF is asked, and what it says."""

from dataclasses import dataclass
from typing import Protocol


class WafError(Exception):
    """The engine cannot tell, or its rules do not prove themselves."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """A request as the WAF sees it: the path decoded once, header names in lower case."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    address: str
    is_anonymous: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """What to answer, and the readable name of the rule, which the public never sees."""

    status: int
    rule: str


class Engine(Protocol):
    """`rules` are the names that a refusal can have; `library` says what runs them, and why."""

    name: str
    library: str
    rule_set: str
    rules: tuple[str, ...]

    def inspect(self, request: Inspected) -> Refusal | None:
        """None when the request may go on; WafError when it cannot be told."""
        ...


class Off:
    """Looks at nothing, and says why."""

    name = "off"
    library = ""
    rules: tuple[str, ...] = ()

    def __init__(self, reason: str) -> None:
        self.rule_set = reason

    def inspect(self, request: Inspected) -> Refusal | None:
        return None
