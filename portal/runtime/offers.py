"""The offer to tell the public of an alert: a public text, and the figures as a note inside."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock
from portal.durations import spoken
from portal.runtime.episode import Episode, Source
from portal.schemas import Camel
from portal.status import prose, templates
from portal.status.components import Component
from portal.status.templates import MessageTemplate, TemplateIn

PUBLIC, INTERNAL = "public", "operations"
# Where nobody stored another template of that name.
DEFAULT = TemplateIn(
    name=PUBLIC,
    title="Problem with {{components}}",
    message="Since {{since}} there has been a problem with {{components}}."
    " We are looking into it and will post an update here.",
)
UNNAMED = "our service"


class Text(Camel):
    """Title and first public update of an incident, and a note for operators."""

    title: str
    message: str
    note: str


def offer(session: Session, row: Episode, *, runbook: str, now: datetime) -> Text:
    """What there is to tell of an alert.

    The public text comes from the template `public`, which knows `components` and `since`; other
    places of it are for a person to fill. Figures, names of alerts and the runbook go to the note.
    """
    template = session.get(MessageTemplate, PUBLIC) or DEFAULT
    return _text(session, row, template, runbook, now)


def complete(session: Session, row: Episode, *, runbook: str, now: datetime) -> Text:
    """The same with nothing for a person to fill: the text that ships, if it has to be."""
    template = session.get(MessageTemplate, PUBLIC) or DEFAULT
    if not set(templates.fields_of(template)) <= set(templates.fields_of(DEFAULT)):
        template = DEFAULT
    return _text(session, row, template, runbook, now)


def _text(
    session: Session,
    row: Episode,
    template: MessageTemplate | TemplateIn,
    runbook: str,
    now: datetime,
) -> Text:
    names = components_of(session, row)
    public = templates.fill(
        template, {"components": names, "since": f"{row.opened_at:%-d %B, %H:%M} UTC"}
    )
    note = _note(session, row, names, runbook, now)
    return Text(title=public.title, message=public.message, note=note)


def components_of(session: Session, row: Episode) -> str:
    """The public components that an alert concerns, as readers know them; or `our service`."""
    known = session.scalars(
        select(Component).where(Component.is_public).order_by(Component.position, Component.id)
    )
    names = [one.name for one in known if row.concerns(one.slug, one.alerts)]
    return prose.listed(names) or UNNAMED


def figure_of(value: float, unit: str, threshold: float) -> str:
    """`400 s (limit 180)`."""
    return f"{value:g} {unit} (limit {threshold:g})"


def _note(session: Session, row: Episode, names: str, runbook: str, now: datetime) -> str:
    held = f"for {spoken((now - row.opened_at).total_seconds())}"
    figures = f"{row.title}, {held}"
    # Alerts of others come without a figure and a limit.
    if row.source == Source.MONITOR:
        figures = f"{row.title}, {held}: {row.labels.get('text', '')}"
    elif row.source == Source.PORTAL:
        figures = f"{row.title}: {figure_of(row.value, row.unit, row.threshold)}, {held}"
    template = session.get(MessageTemplate, INTERNAL)
    if template is None:
        return f"{figures}. {runbook}"
    known = {
        "severity": row.severity,
        "title": row.title,
        "start": clock.iso(row.opened_at),
        "impact": names,
        "figures": figures,
        "runbook": runbook,
    }
    return templates.fill(template, known).message
