"""Components of the database."""

from datetime import datetime

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from portal.errors import RuleError
from portal.status.components.component import Component, Span, State


def find(session: Session, slug: str) -> Component | None:
    return session.scalar(select(Component).where(Component.slug == slug))


def listed(session: Session) -> list[Component]:
    """All components as they stand on the page: by group, position and name."""
    return [row for row, _ in listed_with_history(session)]


def listed_with_history(session: Session) -> list[tuple[Component, bool]]:
    """The same, each with whether an incident or a person ever said something of it."""
    is_told = exists().where(Span.component_id == Component.id)
    rows = [(row, told) for row, told in session.execute(select(Component, is_told))]
    first: dict[str, int] = {}
    for row, _ in rows:
        first[row.group_name] = min(first.get(row.group_name, row.position), row.position)
    return sorted(
        rows,
        key=lambda pair: (
            first[pair[0].group_name],
            pair[0].group_name,
            pair[0].position,
            pair[0].name,
        ),
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
    """The impaired states that are set by hand now, by component."""
    rows = session.scalars(
        select(Span).where(
            Span.incident_id.is_(None),
            Span.ended_at.is_(None),
            Span.state != State.OPERATIONAL.value,
        )
    )
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
            raise RuleError(field, f"No component has the slug {slug}.")
    return rows
