"""What an incident does to components, as spans."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.errors import RuleError
from portal.status import components
from portal.status.components import Component, Impact, Span, State
from portal.status.incidents.incident import Incident


def impair(session: Session, row: Incident, impacts: list[Impact], *, at: datetime) -> None:
    """From `at` on the incident impairs these components, and no others."""
    slugs = [one.component for one in impacts]
    if len(set(slugs)) != len(slugs):
        raise RuleError("components", "A component is named twice.")
    known = components.known(session, slugs)
    wanted = {
        known[one.component].id: one.state for one in impacts if one.state is not State.OPERATIONAL
    }
    for span in spans_of(session, row):
        if span.ended_at is not None:
            continue
        if wanted.get(span.component_id) == span.state:
            del wanted[span.component_id]
        else:
            span.ended_at = max(at, span.began_at)
    for component_id, state in wanted.items():
        session.add(
            Span(component_id=component_id, incident_id=row.id, state=state.value, began_at=at)
        )


def spans_of(session: Session, row: Incident) -> list[Span]:
    return list(session.scalars(select(Span).where(Span.incident_id == row.id)))


def states(session: Session, row: Incident) -> dict[str, str]:
    """The components that an incident has touched, as it leaves them."""
    session.flush()
    rows = session.execute(
        select(Component.slug, Span.state, Span.ended_at)
        .join(Component, Component.id == Span.component_id)
        .where(Span.incident_id == row.id)
        .order_by(Span.ended_at.is_(None), Span.began_at)
    )
    return {
        slug: State.OPERATIONAL.value if ended_at is not None else state
        for slug, state, ended_at in rows
    }


def named(impacts: Iterable[Impact]) -> list[str]:
    """The impacts as the audit log tells them."""
    return [f"{one.component}: {one.state}" for one in impacts]
