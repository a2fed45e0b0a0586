"""What the `operations` template makes of an alert: the offer to tell the public."""

from datetime import datetime

from sqlalchemy.orm import Session

from portal import clock
from portal.durations import spoken
from portal.runtime.episodes import Episode
from portal.status import templates
from portal.status.templates import MessageTemplate, Rendered

TEMPLATE = "operations"
# What a person has to fill in.
OPEN = "…"


def offer(
    session: Session,
    *,
    title: str,
    severity: str,
    since: datetime,
    figure: str,
    impact: str,
    runbook: str,
    now: datetime,
) -> Rendered | None:
    """Title and message with an alert's figures; None when there is no such template."""
    template = session.get(MessageTemplate, TEMPLATE)
    if template is None:
        return None
    known = {
        "severity": severity,
        "title": title,
        "start": clock.iso(since),
        "impact": impact,
        "figures": f"{title}: {figure}, for {spoken((now - since).total_seconds())}",
        "runbook": runbook,
    }
    values = {name: known.get(name, OPEN) for name in templates.fields_of(template)}
    return templates.render(template, values)


def of_episode(
    session: Session, row: Episode, *, impact: str, runbook: str, now: datetime
) -> Rendered | None:
    """The same of an episode."""
    return offer(
        session,
        title=row.title,
        severity=row.severity,
        since=row.opened_at,
        figure=figure_of(row.value, row.unit, row.threshold),
        impact=impact,
        runbook=runbook,
        now=now,
    )


def figure_of(value: float, unit: str, threshold: float) -> str:
    """`400 s (limit 180)`."""
    return f"{value:g} {unit} (limit {threshold:g})"
