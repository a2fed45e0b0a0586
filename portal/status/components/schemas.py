"""Components as API and panel send them, and as they are answered."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from portal.errors import RuleError
from portal.schemas import Camel
from portal.status.components.component import Component, State

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[^\x00]*$")]
Group = Annotated[str, StringConstraints(max_length=80, pattern=r"^[^\x00]*$")]
Note = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]
# An alert's id, `worker-error:profileEngagement` for one of a subject, or an alertname as
# Alertmanager or Grafana has it, with spaces.
AlertName = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")
]


class ComponentIn(Camel):
    """A component as API and panel send it."""

    slug: Slug
    name: Name
    group: Group = ""
    position: int = Field(default=0, ge=0, le=10_000)
    description: Note = ""
    is_public: bool = True
    alerts: list[AlertName] = Field(default=[], max_length=20)
    since: date | None = None

    def apply(self, row: Component, *, now: datetime) -> None:
        """Put the content into a row; RuleError for a first day that is still to come."""
        today = now.date()
        since = self.since or (row.since if row.since else today)
        if since > today:
            raise RuleError("since", "The first day cannot be in the future.")
        row.name, row.group_name, row.position = self.name, self.group, self.position
        row.description, row.is_public = self.description, self.is_public
        row.alerts, row.since = list(dict.fromkeys(self.alerts)), since


class ComponentOut(Camel):
    slug: str
    name: str
    group: str
    position: int
    description: str
    is_public: bool
    alerts: list[str]
    since: date
    state_by_hand: State | None
    version: int


class StateChange(Camel):
    """A state set by hand; `null` takes it back, so that the state is automatic again."""

    state: State | None


class Impact(Camel):
    """What an incident does to a component."""

    component: Slug
    state: State


def out(row: Component, by_hand: State | None) -> ComponentOut:
    return ComponentOut.of(row, group=row.group_name, state_by_hand=by_hand)
