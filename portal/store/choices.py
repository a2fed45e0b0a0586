"""What somebody looks for in a list: words, a state, a component, a span of time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, or_


@dataclass(frozen=True)
class Choice:
    """Each of these narrows a list; what is empty leaves it as it is."""

    text: str = ""
    state: str = ""
    component: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def part(self, names: Sequence[str]) -> int | None:
        """Which of a list's parts, by their names, the state chooses; None for all."""
        return names.index(self.state) if self.state else None

    def has_text(self, *columns: Any) -> list[ColumnElement[bool]]:
        """The condition that one of the columns has the words in it, in any case."""
        if not self.text:
            return []
        return [or_(*(column.icontains(self.text, autoescape=True) for column in columns))]

    def names_component(self, column: Any) -> list[ColumnElement[bool]]:
        """The condition that a list of slugs, kept as JSON, has the component in it."""
        if not self.component:
            return []
        return [cast(column, Text).contains(f'"{self.component}"', autoescape=True)]

    def overlaps(self, starts: Any, ends: Any) -> list[ColumnElement[bool]]:
        """The condition that what lasts from `starts` to `ends` has some of the span; no end is
        none yet.
        """
        found = []
        if self.until is not None:
            found.append(starts < self.until)
        if self.since is not None:
            found.append(or_(ends.is_(None), ends > self.since))
        return found


ALL = Choice()
