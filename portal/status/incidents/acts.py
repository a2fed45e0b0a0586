"""What operators do with incidents; what is public is told to subscribers in its transaction."""

import hashlib
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock
from portal.errors import RuleError
from portal.status import notices, templates, translations
from portal.status.incidents import impacts, queries
from portal.status.incidents.incident import (
    Capture,
    Incident,
    IncidentUpdate,
    Progress,
    check_start,
)
from portal.status.incidents.schemas import IncidentEdit, IncidentIn, NoteIn, UpdateIn
from portal.status.notices import NEWS, SENT, Event, NoticeKind
from portal.status.terms import values
from portal.status.translations import Texts
from portal.unit_of_work import Acts, Transaction, act


class Incidents(Acts):
    """Acts on incidents."""

    @act
    def open(
        self,
        tx: Transaction,
        new: IncidentIn,
        *,
        check: Callable[[Session], None] = lambda session: None,
    ) -> Incident:
        """A new incident with its first update; RuleError for what cannot be.

        `check` is called in the act's turn, for who decided before it; what it raises ends the act.
        """
        check(tx.session)
        templates.refuse_open_places(tx.session, new)
        texts = translations.stored(new.translations)
        words = translations.only("message", texts)
        started_at = new.started_at or tx.now
        check_start(started_at, now=tx.now)
        if new.status is Progress.RESOLVED:
            raise RuleError("status", "A new incident cannot be resolved.")
        _check_next(new.next_update_at, tx.now)
        # References have no gaps, as acts take turns.
        row = Incident(
            reference=queries.next_reference(tx.session, now=tx.now),
            title=new.title,
            translations=translations.only("title", texts),
            impact=new.impact.value,
            status=new.status.value,
            audiences=values(new.audiences),
            started_at=started_at,
            next_update_at=new.next_update_at,
            links=[one.model_dump(mode="json") for one in new.links],
            opened_by=tx.by.actor,
            created_at=tx.now,
        )
        tx.add(row)
        tx.session.flush()
        _add_entry(tx, row, new.message, words=words, at=started_at, status=new.status)
        impacts.impair(tx.session, row, new.components, at=started_at)
        tx.done(
            row,
            "incident.opened",
            incident=row.reference,
            title=row.title,
            impact=row.impact,
            components=impacts.named(new.components),
            started=clock.iso(started_at),
        )
        if new.note:
            _add_entry(tx, row, new.note, at=tx.now, status=None)
            tx.audit("incident.noted", incident=row.reference)
        notify(tx.session, row, Event.OPENED, new.message, words=words, now=tx.now, at=started_at)
        return row

    @act
    def edit(self, tx: Transaction, reference: str, content: IncidentEdit) -> Incident:
        """Correct title, impact, audiences, start, next update and links."""
        row = tx.expect(queries.find(tx.session, reference))
        templates.refuse_open_places(tx.session, content)
        check_start(content.started_at, now=tx.now)
        if row.resolved_at is not None and content.started_at >= row.resolved_at:
            raise RuleError("startedAt", "The start must be before the end.")
        if content.next_update_at != row.next_update_at:
            _check_next(content.next_update_at, tx.now)
        after = {
            "title": content.title,
            "translations": translations.stored(content.translations, row.translations),
            "impact": content.impact.value,
            "started_at": content.started_at,
            "audiences": values(content.audiences),
            "next_update_at": content.next_update_at,
            "links": [one.model_dump(mode="json") for one in content.links],
        }
        fields = sorted(name for name, value in after.items() if getattr(row, name) != value)
        _move_start(tx.session, row, content.started_at)
        for name, value in after.items():
            setattr(row, name, value)
        return tx.done(row, "incident.changed", incident=row.reference, fields=fields)

    @act
    def update(self, tx: Transaction, reference: str, new: UpdateIn) -> Incident:
        """A public update; the one that resolves says what it was, and ends all impairment."""
        row = tx.expect(queries.find(tx.session, reference))
        templates.refuse_open_places(tx.session, new)
        at, words = new.check(row, now=tx.now), translations.stored(new.translations)
        _add_entry(tx, row, new.message, words=words, at=at, status=new.status)
        is_first_end = new.status is Progress.RESOLVED and row.resolved_at is None
        row.status, row.next_update_at = new.status.value, new.next_update_at
        if new.root_cause_category is not None:
            row.root_cause_category = new.root_cause_category.value
        if is_first_end:
            row.resolved_at = at
            impacts.impair(tx.session, row, [], at=at)
            tx.done(
                row,
                "incident.resolved",
                incident=row.reference,
                category=row.root_cause_category,
                resolved=clock.iso(at),
            )
        else:
            if new.components is not None:
                impacts.impair(tx.session, row, new.components, at=at)
            tx.done(
                row,
                "incident.updated",
                incident=row.reference,
                status=row.status,
                components=impacts.named(new.components or []),
            )
        event = Event.RESOLVED if is_first_end else Event.UPDATED
        notify(tx.session, row, event, new.message, words=words, now=tx.now, at=at)
        return row

    @act
    def note(self, tx: Transaction, reference: str, new: NoteIn) -> Incident:
        """A note that only operators see."""
        row = tx.expect(queries.find(tx.session, reference))
        at = new.at or tx.now
        if at > tx.now:
            raise RuleError("at", "A note cannot be in the future.")
        _add_entry(tx, row, new.message, at=at, status=None)
        # What is for operators alone makes no update stale that a colleague is writing.
        tx.audit("incident.noted", incident=row.reference)
        return row

    @act
    def acknowledge(self, tx: Transaction, reference: str) -> Incident:
        """Say that someone works on it; the first one counts."""
        row = tx.expect(queries.find(tx.session, reference))
        if row.acknowledged_at is None:
            row.acknowledged_at, row.acknowledged_by = tx.now, tx.by.actor
            tx.done(row, "incident.acknowledged", incident=row.reference)
        return row

    @act
    def capture(self, tx: Transaction, reference: str, body: str) -> Capture:
        """Attach a runtime snapshot, as the JSON text that its hash is of."""
        row = tx.expect(queries.find(tx.session, reference))
        capture = Capture(
            id=str(uuid.uuid4()),
            incident_id=row.id,
            captured_at=tx.now,
            captured_by=tx.by.actor,
            sha256=hashlib.sha256(body.encode()).hexdigest(),
            body=body,
        )
        tx.session.add(capture)
        tx.audit(
            "incident.captured", incident=row.reference, capture=capture.id, sha256=capture.sha256
        )
        return capture


def _add_entry(
    tx: Transaction,
    row: Incident,
    message: str,
    *,
    words: Texts | None = None,
    at: datetime,
    status: Progress | None,
) -> None:
    """Add an entry to the public timeline, or without a status a note for operators."""
    tx.session.add(
        IncidentUpdate(
            incident_id=row.id,
            at=at,
            status=status.value if status else None,
            message=message,
            translations=words or {},
            is_public=status is not None,
            author=tx.by.actor,
        )
    )


def _check_next(moment: datetime | None, now: datetime) -> None:
    if moment is not None and moment <= now:
        raise RuleError("nextUpdateAt", "The next update must be in the future.")


def _move_start(session: Session, row: Incident, started_at: datetime) -> None:
    """What began with the incident begins with it still; RuleError where something came before."""
    if started_at == row.started_at:
        return
    updates = session.scalars(
        select(IncidentUpdate)
        .where(IncidentUpdate.incident_id == row.id, IncidentUpdate.is_public)
        .order_by(IncidentUpdate.at, IncidentUpdate.id)
    ).all()
    first = [one for one in updates[:1] if one.at == row.started_at]
    spans = [one for one in impacts.spans_of(session, row) if one.began_at == row.started_at]
    since = [*(one.at for one in updates if one not in first), *(one.ended_at for one in spans)]
    if any(moment is not None and moment < started_at for moment in since):
        raise RuleError("startedAt", "The start must be before the updates that followed.")
    for update in first:
        update.at = started_at
    for span in spans:
        span.began_at = started_at


def notify(
    session: Session,
    row: Incident,
    event: Event,
    message: str,
    *,
    words: Texts | None = None,
    now: datetime,
    at: datetime,
) -> None:
    """Tell subscribers, by every channel; `words` are the translations of the message.

    An incident that is opened is news however long ago it began; an update that is written up a
    day late is not sent.
    """
    if event is not Event.OPENED and at < now - NEWS:
        return
    states = impacts.states(session, row)
    facts: dict[str, Any] = {"status": row.status, "impact": row.impact, "components": states}
    if row.next_update_at is not None:
        facts["nextUpdateAt"] = clock.iso(row.next_update_at)
    notices.put(
        session,
        NoticeKind.INCIDENT,
        event,
        row.reference,
        notices.Content.of(
            row,
            message=message,
            translations=translations.joined(row.translations, words),
            channels=list(SENT),
            components=list(states),
        ),
        facts=facts,
        now=now,
        occurred_at=at,
        nth="" if event is Event.OPENED else row.version,
    )
