"""Incidents of the database, with what hangs on them."""

from datetime import datetime
from functools import cache

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from portal.status import bounded
from portal.status.bounded import BOUNDS, SINCE, Bounds
from portal.status.components import Component, Impact, Span, State
from portal.status.incidents.incident import Capture, Incident, IncidentUpdate
from portal.store import pages
from portal.store.choices import ALL, Choice
from portal.store.pages import Part

PARTS = ("open", "resolved")


def next_reference(session: Session, *, now: datetime) -> str:
    """The next reference of this year; the caller holds the write lock."""
    stem = f"INC-{now:%Y}-"
    last = session.scalar(
        select(Incident.reference)
        .where(Incident.reference.startswith(stem))
        # As numbers: the ten thousandth comes after what sorts behind it as text.
        .order_by(func.length(Incident.reference).desc(), Incident.reference.desc())
        .limit(1)
    )
    return f"{stem}{int(last.removeprefix(stem)) + 1 if last else 1:04d}"


def find(session: Session, reference: str) -> Incident | None:
    return session.scalar(select(Incident).where(Incident.reference == reference.upper()))


def page(
    session: Session, *, limit: int, offset: int, is_open: bool | None = None, choice: Choice = ALL
) -> tuple[list[Incident], int]:
    """A page, what is open first and the latest start first, and how many there are."""
    query = select(Incident).where(
        *choice.has_text(Incident.title, Incident.reference),
        *choice.overlaps(Incident.started_at, Incident.resolved_at),
    )
    if choice.component:
        concerned = (
            select(Span.incident_id)
            .join(Component, Component.id == Span.component_id)
            .where(Component.slug == choice.component, Span.incident_id.is_not(None))
        )
        query = query.where(Incident.id.in_(concerned))
    parts = [
        Part(Incident.resolved_at.is_(None), Incident.started_at),
        Part(Incident.resolved_at.is_not(None), Incident.started_at),
    ]
    only = choice.part(PARTS)
    if only is None and is_open is not None:
        only = int(not is_open)
    return pages.of_parts(session, query, parts, limit=limit, offset=offset, only=only)


def for_board(session: Session, *, since: datetime, bounds: Bounds = BOUNDS) -> list[Incident]:
    """Those that are open, were resolved after `since`, or are among the latest; the latest first.

    What is open, what is over, and what is for everyone are asked for apart.
    """
    return list(session.scalars(_for_board(bounds), {"since": since}))


@cache
def _for_board(bounds: Bounds) -> Select[Incident]:
    latest = (Incident.started_at.desc(), Incident.id.desc())
    ids = select(Incident.id)
    parts = bounded.by_audience(
        ids.where(Incident.resolved_at.is_(None)).order_by(*latest),
        Incident.audiences,
        most=bounds.running,
    )
    parts += bounded.by_audience(
        ids.where(Incident.resolved_at > SINCE).order_by(
            Incident.resolved_at.desc(), Incident.id.desc()
        ),
        Incident.audiences,
        most=bounds.past,
    )
    public = bounded.is_public(Incident.audiences)
    parts.append(ids.where(public).order_by(*latest).limit(bounds.latest))
    return select(Incident).where(Incident.id.in_(bounded.union(parts))).order_by(*latest)


def between(session: Session, begin: datetime, end: datetime) -> list[Incident]:
    """Those that started in a span, the latest first."""
    return list(
        session.scalars(
            select(Incident)
            .where(Incident.started_at >= begin, Incident.started_at < end)
            .order_by(Incident.started_at.desc())
        )
    )


def updates_of(session: Session, ids: list[int]) -> dict[int, list[IncidentUpdate]]:
    """Both timelines of several incidents, the newest first."""
    found: dict[int, list[IncidentUpdate]] = {}
    rows = session.scalars(
        select(IncidentUpdate)
        .where(IncidentUpdate.incident_id.in_(ids))
        .order_by(IncidentUpdate.at.desc(), IncidentUpdate.id.desc())
    )
    for row in rows:
        found.setdefault(row.incident_id, []).append(row)
    return found


def impacts_of(session: Session, ids: list[int]) -> dict[int, list[Impact]]:
    """What several incidents do, or did at last, to components."""
    last: dict[int, dict[str, State]] = {}
    rows = session.execute(
        select(Span.incident_id, Span.state, Component.slug)
        .join(Component, Component.id == Span.component_id)
        .where(Span.incident_id.in_(ids))
        .order_by(Span.began_at, Span.id)
    )
    for incident_id, state, slug in rows:
        assert incident_id is not None
        last.setdefault(incident_id, {})[slug] = State(state)
    return {
        number: [Impact(component=slug, state=state) for slug, state in sorted(states.items())]
        for number, states in last.items()
    }


def captures_of(session: Session, ids: list[int]) -> dict[int, list[Capture]]:
    """The captures of several incidents, the latest first."""
    found: dict[int, list[Capture]] = {}
    rows = session.scalars(
        select(Capture).where(Capture.incident_id.in_(ids)).order_by(Capture.captured_at.desc())
    )
    for row in rows:
        found.setdefault(row.incident_id, []).append(row)
    return found
