"""Components in groups, of which some had an outage by hand."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from portal.status.components import Component, Span
from tests.lived_in.counts import COMPONENTS, DAYS

_GROUPS = ("Public", "For developers", "Inside", "Partners", "")
_STATES = ("degraded_performance", "partial_outage", "major_outage")


def add_components(session: Session, now: datetime) -> list[str]:
    rows = [
        Component(
            slug=f"part-{number:02}",
            name=f"Part {number}",
            group_name=_GROUPS[number * len(_GROUPS) // COMPONENTS],
            position=number,
            description="",
            is_public=number % 10 != 9,
            alerts=["worker-stuck:newsAggregation"] if number == 3 else [],
            since=(now - timedelta(days=DAYS + 30 if number else 20)).date(),
            version=1,
            updated_at=now - timedelta(days=DAYS),
        )
        for number in range(COMPONENTS)
    ]
    session.add_all(rows)
    session.flush()
    # By hand: two that were told and forgotten, and a few that were taken back.
    for number in range(8):
        began = now - timedelta(days=2 + 10 * number)
        session.add(
            Span(
                component_id=rows[20 + number].id,
                incident_id=None,
                state=_STATES[number % 2],
                began_at=began,
                ended_at=None if number < 2 else began + timedelta(hours=3),
            )
        )
    return [row.slug for row in rows]
