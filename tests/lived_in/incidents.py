"""Incidents with their timelines, spans, captures and retrospectives."""

import hashlib
import random
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from portal.status import components
from portal.status.components import Span
from portal.status.incidents import Capture, Category, ImpactLevel, Incident, IncidentUpdate
from portal.status.retrospectives import Retrospective
from tests.lived_in.counts import INCIDENTS, OPEN_INCIDENTS

_STATES = ("degraded_performance", "partial_outage", "major_outage")
_STEPS = ("investigating", "identified", "identified", "monitoring", "monitoring", "resolved")


def add_incidents(session: Session, slugs: list[str], dice: random.Random, now: datetime) -> None:
    ids = {row.slug: row.id for row in components.listed(session)}
    years: dict[int, int] = {}
    for number in range(INCIDENTS):
        left = INCIDENTS - number
        is_open = left <= OPEN_INCIDENTS
        began = now - timedelta(days=(left - OPEN_INCIDENTS) * 1.6, minutes=dice.randrange(300))
        if is_open:
            began = now - timedelta(hours=left)
        years[began.year] = years.get(began.year, 0) + 1
        steps = dice.randrange(3, 7)
        lasted = timedelta(minutes=dice.randrange(40, 600))
        resolved = None if is_open else began + lasted
        impact = dice.choice(list(ImpactLevel)[1:]).value
        row = Incident(
            reference=f"INC-{began.year}-{years[began.year]:04}",
            title=f"Trouble {number}",
            impact=impact,
            status="monitoring" if is_open else "resolved",
            audiences=["operations"] if number % 15 == 14 else ["public"],
            started_at=began,
            resolved_at=resolved,
            next_update_at=None,
            acknowledged_at=began,
            acknowledged_by="ada",
            root_cause_category=None if is_open else dice.choice(list(Category)).value,
            links=[],
            opened_by="ada",
            created_at=began,
            updated_at=resolved or now,
            version=steps,
        )
        session.add(row)
        session.flush()
        for step in range(steps):
            is_last = step == steps - 1
            status = row.status if is_last else _STEPS[min(step, 4)]
            session.add(
                IncidentUpdate(
                    incident_id=row.id,
                    status=status,
                    is_public=True,
                    author="ada",
                    at=resolved if resolved and is_last else began + lasted * step / (steps * 12),
                    message=f"Step {step} of trouble {number}: **we look into it**.",
                )
            )
        session.add(
            IncidentUpdate(
                incident_id=row.id,
                at=began,
                status=None,
                message="Called the vendor.",
                is_public=False,
                author="ada",
            )
        )
        for slug in dice.sample(slugs, dice.randrange(1, 4)):
            session.add(
                Span(
                    component_id=ids[slug],
                    incident_id=row.id,
                    state=dice.choice(_STATES),
                    began_at=began,
                    ended_at=resolved,
                )
            )
        if number % 3 == 0 and not is_open:
            _retrospective(session, row, now)
        if number % 10 == 0 or left == 1:
            _capture(session, row)


def _retrospective(session: Session, row: Incident, now: datetime) -> None:
    due = (now - timedelta(days=10)).date().isoformat()
    session.add(
        Retrospective(
            id=row.id,
            root_cause_category=row.root_cause_category,
            root_cause="A full disk.",
            impact="Slow answers.",
            is_published=row.id % 2 == 0,
            version=1,
            updated_at=now,
            actions=[
                {
                    "kind": "alert",
                    "text": "Watch the disk",
                    "owner": "ada",
                    "dueAt": due,
                    "done": row.id % 4 != 0,
                }
            ],
        )
    )


def _capture(session: Session, row: Incident) -> None:
    body = '{"metrics":{"scrapes":4100},"databasePool":{"size":5,"pending":0}}'
    session.add(
        Capture(
            id=f"capture-{row.reference}",
            incident_id=row.id,
            captured_at=row.started_at,
            captured_by="ada",
            sha256=hashlib.sha256(body.encode()).hexdigest(),
            body=body,
        )
    )
