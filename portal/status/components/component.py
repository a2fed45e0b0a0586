"""The rows of a component: what it is, and the spans in which it was impaired."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.store.base import Base


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
    """A time in which a component was impaired, by an incident or by hand; open without an end.

    One by hand may say operational: what alerts said before then does not count meanwhile.
    """

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
