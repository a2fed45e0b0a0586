"""Searching the panel's lists: words, a state, a component and days, as the address has them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from flask import request

from portal.board.components import ComponentView
from portal.store.choices import Choice
from portal.web import current
from portal.web.problems import Problem

_LONGEST = 200


@dataclass(frozen=True)
class Asked:
    """What the form of a list holds, and what it chooses."""

    values: dict[str, str]
    choice: Choice

    @property
    def is_any(self) -> bool:
        return any(self.values.values())


def asked(states: Collection[str] = ()) -> Asked:
    """Problem 400 for a state that there is none of, or a day that is none."""
    values = {
        name: request.args.get(name, "").strip()
        for name in ("q", "state", "component", "from", "to")
    }
    if len(values["q"]) > _LONGEST or "\x00" in values["q"] + values["component"]:
        raise Problem(400, f"Search for {_LONGEST} characters at most.")
    if values["state"] and values["state"] not in states:
        raise Problem(400, f"The state must be one of {', '.join(states)}.")
    last = day("to", values["to"])
    choice = Choice(
        text=values["q"],
        state=values["state"],
        component=values["component"],
        since=day("from", values["from"]),
        # The last day is meant whole.
        until=last + timedelta(days=1) if last else None,
    )
    return Asked(values, choice)


def components() -> list[ComponentView]:
    """The components to choose from, as the board has them: nothing is asked for it."""
    answers = current().board.current()
    return list(answers.picture.components) if answers else []


def day(name: str, typed: str) -> datetime | None:
    """The beginning of a UTC day; Problem 400 when it is none."""
    if not typed:
        return None
    try:
        found = date.fromisoformat(typed)
    except ValueError:
        raise Problem(400, f"{name} must be a day such as 2030-01-31.") from None
    if not 2000 <= found.year <= 2999:
        raise Problem(400, f"{name} must lie between the years 2000 and 2999.")
    return datetime(found.year, found.month, found.day, tzinfo=UTC)
