"""Components: the parts of the service, in groups, and the spans in which one was impaired.

What a component is like follows from spans and from the windows it stands in, at any instant and
for any day, so that nothing has to sample it and a backdated incident is in its history.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints
from sqlalchemy import JSON, ForeignKey, String, Text, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.status.terms import Camel, RuleError
from portal.store.base import Base

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[^\x00]*$")]
Group = Annotated[str, StringConstraints(max_length=80, pattern=r"^[^\x00]*$")]
Note = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]
# An alert's id, `worker-error:profileEngagement` for one of a subject, or Alertmanager's alertname.
AlertName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][\w-]{0,39}(:[\w.-]{1,80})?$")]
MOST_COMPONENTS = 500


class State(StrEnum):
    """In the order in which the worse wins."""

    OPERATIONAL = "operational"
    UNDER_MAINTENANCE = "under_maintenance"
    DEGRADED = "degraded_performance"
    PARTIAL = "partial_outage"
    MAJOR = "major_outage"

    @property
    def rank(self) -> int:
        return _RANKS[self]


_RANKS = {state: number for number, state in enumerate(State)}


class Component(Base):
    """One part; `since` is the first day that its history speaks of."""

    __tablename__ = "component"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    group_name: Mapped[str] = mapped_column(String(80))
    position: Mapped[int]
    description: Mapped[str] = mapped_column(Text)
    is_public: Mapped[bool]
    alerts: Mapped[list[str]] = mapped_column(JSON)
    since: Mapped[date]
    version: Mapped[int]
    updated_at: Mapped[datetime]


class Span(Base):
    """A time in which a component was impaired, by an incident or by hand; open without an end."""

    __tablename__ = "component_span"

    id: Mapped[int] = mapped_column(primary_key=True)
    component_id: Mapped[int] = mapped_column(
        ForeignKey("component.id", ondelete="CASCADE"), index=True
    )
    incident_id: Mapped[int | None] = mapped_column(
        ForeignKey("incident.id", ondelete="CASCADE"), index=True
    )
    state: Mapped[str] = mapped_column(String(24))
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(index=True)


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
    """A state set by hand; `null` takes it back, so that it follows from what happens."""

    state: State | None


class Impact(Camel):
    """What an incident does to a component."""

    component: Slug
    state: State


def apply(row: Component, wish: ComponentIn, *, now: datetime) -> None:
    """Take the wish over into the row; RuleError for a first day that is still to come."""
    today = now.date()
    since = wish.since or (row.since if row.since else today)
    if since > today:
        raise RuleError("since", "The first day cannot be in the future.")
    row.name, row.group_name, row.position = wish.name, wish.group, wish.position
    row.description, row.is_public = wish.description, wish.is_public
    row.alerts, row.since = list(dict.fromkeys(wish.alerts)), since


def out(row: Component, by_hand: State | None) -> ComponentOut:
    return ComponentOut(
        slug=row.slug,
        name=row.name,
        group=row.group_name,
        position=row.position,
        description=row.description,
        is_public=row.is_public,
        alerts=list(row.alerts),
        since=row.since,
        state_by_hand=by_hand,
        version=row.version,
    )


def find(session: Session, slug: str) -> Component | None:
    return session.scalar(select(Component).where(Component.slug == slug))


def everyone(session: Session) -> list[Component]:
    """All components as they stand on the page: by group, position and name."""
    rows = list(session.scalars(select(Component)))
    first: dict[str, int] = {}
    for row in rows:
        first[row.group_name] = min(first.get(row.group_name, row.position), row.position)
    return sorted(
        rows, key=lambda row: (first[row.group_name], row.group_name, row.position, row.name)
    )


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Component)) or 0


def open_by_hand(session: Session, component_id: int) -> Span | None:
    """The span that a person opened and nobody has closed."""
    return session.scalar(
        select(Span).where(
            Span.component_id == component_id, Span.incident_id.is_(None), Span.ended_at.is_(None)
        )
    )


def by_hand(session: Session) -> dict[int, State]:
    """The states that are set by hand now, by component."""
    rows = session.scalars(select(Span).where(Span.incident_id.is_(None), Span.ended_at.is_(None)))
    return {row.component_id: State(row.state) for row in rows}


def spans(session: Session, *, since: datetime) -> list[Span]:
    """All spans that reach beyond `since`."""
    return list(
        session.scalars(select(Span).where(or_(Span.ended_at.is_(None), Span.ended_at > since)))
    )


def known(session: Session, slugs: list[str], *, field: str = "components") -> dict[str, Component]:
    """The components of these slugs; RuleError names one that is not there."""
    rows = {
        row.slug: row for row in session.scalars(select(Component).where(Component.slug.in_(slugs)))
    }
    for slug in slugs:
        if slug not in rows:
            raise RuleError(field, f"There is no component {slug}.")
    return rows
