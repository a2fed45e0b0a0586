"""Retrospectives: what an incident was, and what is done so that it does not come back."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, StringConstraints
from sqlalchemy import JSON, ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.errors import RuleError, found
from portal.schemas import Camel
from portal.status import incidents
from portal.status.incidents import Category, Incident
from portal.status.notices import Event
from portal.status.terms import Message
from portal.store.base import Base
from portal.unit_of_work import Acts, Transaction, act


class ActionKind(StrEnum):
    ALERT = "alert"
    RUNBOOK = "runbook"
    AUTOMATION = "automation"
    OTHER = "other"


class Retrospective(Base):
    """One incident's; its row carries the actions."""

    __tablename__ = "retrospective"

    id: Mapped[int] = mapped_column(
        ForeignKey("incident.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    root_cause_category: Mapped[str] = mapped_column(String(20))
    root_cause: Mapped[str] = mapped_column(Text)
    impact: Mapped[str] = mapped_column(Text)
    actions: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    is_published: Mapped[bool]
    version: Mapped[int]
    updated_at: Mapped[datetime]


class Action(Camel):
    """One thing to be done."""

    kind: ActionKind
    text: Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]
    owner: Annotated[str, StringConstraints(max_length=120, pattern=r"^[^\x00]*$")] = ""
    due_at: date | None = None
    done: bool = False

    def is_overdue(self, today: date) -> bool:
        return not self.done and self.due_at is not None and self.due_at < today


class RetrospectiveIn(Camel):
    root_cause_category: Category
    root_cause: Message = ""
    impact: Message = ""
    actions: list[Action] = Field(default=[], max_length=50)
    published: bool = False

    def apply(self, row: Retrospective) -> None:
        row.root_cause_category = self.root_cause_category.value
        row.root_cause, row.impact = self.root_cause, self.impact
        row.actions = [one.model_dump(mode="json", by_alias=True) for one in self.actions]
        row.is_published = self.published


class RetrospectiveOut(RetrospectiveIn):
    reference: str
    version: int


class Overdue(Camel):
    """An action whose day has passed."""

    reference: str
    title: str
    action: Action


class Retrospectives(Acts):
    """Acts on retrospectives."""

    @act
    def save(self, tx: Transaction, reference: str, content: RetrospectiveIn) -> Retrospective:
        """Add or replace an incident's retrospective; RuleError before it is resolved."""
        incident = found(incidents.find(tx.session, reference))
        if incident.resolved_at is None:
            raise RuleError(
                "reference", "A retrospective can be written only for a resolved incident."
            )
        row = tx.session.get(Retrospective, incident.id)
        was_published = row is not None and row.is_published
        row = tx.add(Retrospective(id=incident.id)) if row is None else tx.expect(row)
        content.apply(row)
        incident.root_cause_category = content.root_cause_category.value
        tx.done(
            row,
            "incident.retrospective.saved",
            incident=incident.reference,
            actions=len(content.actions),
            published=content.published,
        )
        if content.published and not was_published:
            incidents.notify(
                tx.session, incident, Event.LEARNED, content.root_cause, now=tx.now, at=tx.now
            )
        return row


def out(row: Retrospective, reference: str) -> RetrospectiveOut:
    return RetrospectiveOut.of(row, reference=reference, published=row.is_published)


def published(session: Session, ids: list[int]) -> dict[int, Retrospective]:
    """The published ones of several incidents, by the incident's id."""
    rows = session.scalars(
        select(Retrospective).where(Retrospective.id.in_(ids), Retrospective.is_published)
    )
    return {row.id: row for row in rows}


def overdue(session: Session, *, today: date) -> list[Overdue]:
    """All actions whose day has passed, the longest overdue first."""
    rows = session.execute(
        select(Retrospective, Incident.reference, Incident.title).join(
            Incident, Incident.id == Retrospective.id
        )
    )
    found = [
        Overdue(reference=reference, title=title, action=action)
        for row, reference, title in rows
        for action in (Action.model_validate(one) for one in row.actions)
        if action.is_overdue(today)
    ]
    return sorted(found, key=lambda one: (one.action.due_at or today, one.reference))
