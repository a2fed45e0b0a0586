"""The only writer of incidents, their timelines, captures and retrospectives."""

import hashlib
import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock
from portal.audit import chain
from portal.status import components, incidents, notices, retrospectives
from portal.status.components import Component, Impact, Span, State
from portal.status.incidents import (
    Capture,
    Incident,
    IncidentEdit,
    IncidentIn,
    IncidentUpdate,
    NoteIn,
    Progress,
    UpdateIn,
)
from portal.status.notices import Event
from portal.status.registry import Once, StaleVersionError, expect
from portal.status.retrospectives import Retrospective, RetrospectiveIn
from portal.status.terms import RuleError
from portal.store.revision import Writer
from portal.store.trouble import retried


class Casebook(Writer):
    """Each act is one transaction with its audit event and the revision."""

    @retried
    def open(self, wish: IncidentIn, *, actor: str, once: Once | None = None) -> Incident:
        """A new incident with its first update; RuleError for what cannot be."""
        with self._change() as (session, now):
            started_at = wish.started_at or now
            incidents.check_start(started_at, now=now)
            if wish.status is Progress.RESOLVED:
                raise RuleError("status", "An incident cannot begin its life resolved.")
            if wish.next_update_at is not None and wish.next_update_at <= now:
                raise RuleError("nextUpdateAt", "The next update must lie in the future.")
            chain.lock(session)
            row = Incident(
                reference=incidents.next_reference(session, now=now),
                title=wish.title,
                impact=wish.impact.value,
                status=wish.status.value,
                audiences=[one.value for one in dict.fromkeys(wish.audiences)],
                started_at=started_at,
                resolved_at=None,
                next_update_at=wish.next_update_at,
                acknowledged_at=None,
                acknowledged_by=None,
                root_cause_category=None,
                links=[one.model_dump(mode="json") for one in wish.links],
                opened_by=actor,
                created_at=now,
                updated_at=now,
                version=1,
            )
            session.add(row)
            session.flush()
            session.add(
                IncidentUpdate(
                    incident_id=row.id,
                    at=started_at,
                    status=wish.status.value,
                    message=wish.message,
                    is_public=True,
                    author=actor,
                )
            )
            _impair(session, row, wish.components, at=started_at)
            chain.append(
                session,
                "incident.opened",
                actor=actor,
                at=now,
                incident=row.reference,
                title=row.title,
                impact=row.impact,
                components=_named(wish.components),
                started=clock.iso(started_at),
            )
            notices.of_incident(
                session,
                row,
                Event.OPENED,
                wish.message,
                _states(session, row),
                now=now,
                at=started_at,
            )
            if once is not None:
                session.flush()
                once.keep(session, row, now)
        return row

    @retried
    def edit(
        self,
        reference: str,
        wish: IncidentEdit,
        *,
        version: int | None,
        actor: str,
        once: Once | None = None,
    ) -> Incident:
        """Put title, impact, audiences, start, next update and links right."""
        with self._change() as (session, now):
            row = expect(incidents.find(session, reference), version)
            incidents.check_start(wish.started_at, now=now)
            first = session.scalar(
                select(IncidentUpdate)
                .where(IncidentUpdate.incident_id == row.id, IncidentUpdate.is_public)
                .order_by(IncidentUpdate.at, IncidentUpdate.id)
            )
            if row.resolved_at is not None and wish.started_at >= row.resolved_at:
                raise RuleError("startedAt", "The start must be before the end.")
            changed = {
                "title": wish.title,
                "impact": wish.impact.value,
                "started_at": wish.started_at,
                "audiences": [one.value for one in dict.fromkeys(wish.audiences)],
                "next_update_at": wish.next_update_at,
                "links": [one.model_dump(mode="json") for one in wish.links],
            }
            fields = sorted(name for name, value in changed.items() if getattr(row, name) != value)
            moved_from = row.started_at
            for name, value in changed.items():
                setattr(row, name, value)
            # What began with the incident begins with it still.
            if first is not None and first.at == moved_from:
                first.at = wish.started_at
            for span in _spans(session, row):
                if span.began_at == moved_from:
                    span.began_at = wish.started_at
            _bump(row, now)
            chain.append(
                session,
                "incident.changed",
                actor=actor,
                at=now,
                incident=row.reference,
                fields=fields,
            )
            if once is not None:
                once.keep(session, row, now)
        return row

    @retried
    def update(
        self,
        reference: str,
        wish: UpdateIn,
        *,
        version: int | None,
        actor: str,
        once: Once | None = None,
    ) -> Incident:
        """A public update; the one that resolves says what it was, and ends all impairment."""
        with self._change() as (session, now):
            row = expect(incidents.find(session, reference), version)
            at = incidents.check_progress(row, wish, now=now)
            session.add(
                IncidentUpdate(
                    incident_id=row.id,
                    at=at,
                    status=wish.status.value,
                    message=wish.message,
                    is_public=True,
                    author=actor,
                )
            )
            is_first_end = wish.status is Progress.RESOLVED and row.resolved_at is None
            row.status, row.next_update_at = wish.status.value, wish.next_update_at
            if wish.root_cause_category is not None:
                row.root_cause_category = wish.root_cause_category.value
            if is_first_end:
                row.resolved_at = at
                _impair(session, row, [], at=at)
            elif wish.components is not None:
                _impair(session, row, wish.components, at=at)
            _bump(row, now)
            if is_first_end:
                chain.append(
                    session,
                    "incident.resolved",
                    actor=actor,
                    at=now,
                    incident=row.reference,
                    category=row.root_cause_category,
                    resolved=clock.iso(at),
                )
            else:
                chain.append(
                    session,
                    "incident.updated",
                    actor=actor,
                    at=now,
                    incident=row.reference,
                    status=row.status,
                    components=_named(wish.components or []),
                )
            notices.of_incident(
                session,
                row,
                Event.RESOLVED if is_first_end else Event.UPDATED,
                wish.message,
                _states(session, row),
                now=now,
                at=at,
            )
            if once is not None:
                session.flush()
                once.keep(session, row, now)
        return row

    @retried
    def note(
        self, reference: str, wish: NoteIn, *, actor: str, once: Once | None = None
    ) -> Incident:
        """A note that only operators see."""
        with self._change() as (session, now):
            row = expect(incidents.find(session, reference), None)
            at = wish.at or now
            if at > now:
                raise RuleError("at", "A note cannot lie in the future.")
            session.add(
                IncidentUpdate(
                    incident_id=row.id,
                    at=at,
                    status=None,
                    message=wish.message,
                    is_public=False,
                    author=actor,
                )
            )
            _bump(row, now)
            chain.append(session, "incident.noted", actor=actor, at=now, incident=row.reference)
            if once is not None:
                session.flush()
                once.keep(session, row, now)
        return row

    @retried
    def acknowledge(
        self, reference: str, *, version: int | None, actor: str, once: Once | None = None
    ) -> Incident:
        """Say that someone is at it; the first one counts."""
        with self._change() as (session, now):
            row = expect(incidents.find(session, reference), version)
            if row.acknowledged_at is None:
                row.acknowledged_at, row.acknowledged_by = now, actor
                _bump(row, now)
                chain.append(
                    session, "incident.acknowledged", actor=actor, at=now, incident=row.reference
                )
            if once is not None:
                once.keep(session, row, now)
        return row

    @retried
    def capture(self, reference: str, body: str, *, actor: str) -> Capture:
        """Attach a runtime snapshot, as the JSON text that its hash is of."""
        with self._change() as (session, now):
            row = expect(incidents.find(session, reference), None)
            made = Capture(
                id=str(uuid.uuid4()),
                incident_id=row.id,
                captured_at=now,
                captured_by=actor,
                sha256=hashlib.sha256(body.encode()).hexdigest(),
                body=body,
            )
            session.add(made)
            _bump(row, now)
            chain.append(
                session,
                "incident.captured",
                actor=actor,
                at=now,
                incident=row.reference,
                capture=made.id,
                sha256=made.sha256,
            )
        return made

    @retried
    def keep_retrospective(
        self,
        reference: str,
        wish: RetrospectiveIn,
        *,
        version: int | None,
        actor: str,
        once: Once | None = None,
    ) -> Retrospective:
        """Add or replace an incident's retrospective; RuleError before it is resolved."""
        with self._change() as (session, now):
            incident = expect(incidents.find(session, reference), None)
            if incident.resolved_at is None:
                raise RuleError("reference", "A retrospective follows when it is resolved.")
            row = session.get(Retrospective, incident.id)
            if row is None:
                row = Retrospective(id=incident.id, version=0)
                session.add(row)
            elif version is not None and version != row.version:
                raise StaleVersionError(row)
            was_published = row.version > 0 and row.is_published
            retrospectives.apply(row, wish)
            incident.root_cause_category = wish.root_cause_category.value
            row.version, row.updated_at = row.version + 1, now
            chain.append(
                session,
                "incident.retrospective.saved",
                actor=actor,
                at=now,
                incident=incident.reference,
                actions=len(wish.actions),
                published=wish.published,
            )
            if wish.published and not was_published:
                notices.of_incident(
                    session,
                    incident,
                    Event.LEARNED,
                    wish.root_cause,
                    _states(session, incident),
                    now=now,
                    at=now,
                )
            if once is not None:
                session.flush()
                once.keep(session, row, now)
        return row


def _impair(session: Session, row: Incident, impacts: list[Impact], *, at: datetime) -> None:
    """From `at` on the incident impairs these components, and no others."""
    slugs = [one.component for one in impacts]
    if len(set(slugs)) != len(slugs):
        raise RuleError("components", "A component is named twice.")
    known = components.known(session, slugs)
    wanted = {
        known[one.component].id: one.state for one in impacts if one.state is not State.OPERATIONAL
    }
    for span in _spans(session, row):
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


def _states(session: Session, row: Incident) -> dict[str, str]:
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


def _spans(session: Session, row: Incident) -> list[Span]:
    return list(session.scalars(select(Span).where(Span.incident_id == row.id)))


def _named(impacts: list[Impact]) -> list[str]:
    return [f"{one.component}: {one.state}" for one in impacts]


def _bump(row: Incident, now: datetime) -> None:
    row.version += 1
    row.updated_at = now
