"""A look at a path, and how many queries it may take."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from portal.accounts.roles import Role

PANEL_POLL = 8
LIST = 6
READY_MADE = 0


@dataclass(frozen=True)
class Look:
    """`most` is what it takes today, `budget` what it should keep to.

    Where `most` is the larger one, the look is over its budget: bring it down, and `most` with it.
    """

    path: str
    role: Role | None
    most: int
    budget: int
    why: str = ""

    @property
    def note(self) -> str:
        over = f", over its budget of {self.budget}" if self.most > self.budget else ""
        return f"{self.path} for {self.role or 'everyone'}{over}. {self.why}".strip()


def each(looks: Iterable[Look]) -> list[Any]:
    """As parameters of a test, named by path and role."""
    return [pytest.param(one, id=f"{one.path} {one.role or 'everyone'}") for one in looks]
