"""`portal incident` and `portal notify`: telling people without the web."""

from datetime import datetime
from typing import Any

import click
from sqlalchemy.orm import Session

from portal import clock
from portal.cli import application
from portal.notify.desk import NotificationIn
from portal.rooms import Portal
from portal.status import findings, incidents
from portal.status.incidents import Category, ImpactLevel, Incident, IncidentIn, Progress, UpdateIn
from portal.status.registry import NotFoundError
from portal.status.retrospectives import Retrospective
from portal.status.terms import Audience
from portal.web import exports

MISSING = "There is no incident of that reference."
_LISTED = 50


@click.group()
def incident() -> None:
    """Incidents."""


@incident.command("open")
@click.option("--title", required=True)
@click.option("--impact", type=click.Choice([one.value for one in ImpactLevel]), required=True)
@click.option("--message", required=True, help="the first public update, Markdown")
@click.option("--component", "impaired", multiple=True, help="slug=state, such as api=major_outage")
@click.option(
    "--audience",
    "audiences",
    multiple=True,
    default=["public"],
    show_default=True,
    type=click.Choice([one.value for one in Audience]),
)
def open_incident(
    title: str, impact: str, message: str, impaired: tuple[str, ...], audiences: tuple[str, ...]
) -> None:
    """Open an incident and tell people of it."""
    with application.sentences(MISSING):
        wish = IncidentIn.model_validate(
            {
                "title": title,
                "impact": impact,
                "message": message,
                "components": _impaired(impaired),
                "audiences": list(audiences),
            }
        )
        row = _portal().casebook.open(wish, actor=application.actor())
    click.echo(f"{row.reference} is open.")


@incident.command()
@click.argument("reference")
@click.option("--status", type=click.Choice([one.value for one in Progress]), required=True)
@click.option("--message", required=True, help="Markdown")
@click.option("--component", "impaired", multiple=True, help="slug=state; all that still are")
@click.option(
    "--category", type=click.Choice([one.value for one in Category]), help="when it is resolved"
)
def update(
    reference: str, status: str, message: str, impaired: tuple[str, ...], category: str | None
) -> None:
    """Tell how it goes; `--status resolved` wants a category."""
    with application.sentences(MISSING):
        values: dict[str, Any] = {
            "status": status,
            "message": message,
            "rootCauseCategory": category,
        }
        if impaired:
            values["components"] = _impaired(impaired)
        row = _portal().casebook.update(
            reference, UpdateIn.model_validate(values), version=None, actor=application.actor()
        )
    click.echo(f"{row.reference} is {row.status}.")


@incident.command()
@click.argument("reference")
def capture(reference: str) -> None:
    """Keep the runtime snapshot of this moment on an incident."""
    portal = _portal()
    with application.sentences(MISSING):
        made = exports.capture(portal, reference, actor=application.actor())
    click.echo(f"{made.id} sha256 {made.sha256}")


@incident.command("list")
def list_incidents() -> None:
    """Incidents, the latest start first."""
    with _portal().open_session() as session:
        rows, _ = incidents.page(session, limit=_LISTED, offset=0)
        for row in rows:
            click.echo(
                f"{row.reference}\t{row.status}\t{row.impact}\t{_told(row.started_at)}\t"
                f"{_told(row.resolved_at)}\t{row.title}"
            )


@incident.command("findings")
@click.argument("reference")
def show_findings(reference: str) -> None:
    """The captured figures as Markdown, for a ticket."""
    portal = _portal()
    with application.sentences(MISSING), portal.open_session() as session:
        row = _found(session, reference)
        click.echo(findings.of_captures(session, row, prefix=portal.settings.metrics_prefix))


@incident.command()
@click.argument("reference")
def export(reference: str) -> None:
    """Timeline, retrospective and captured figures as Markdown."""
    portal = _portal()
    with application.sentences(MISSING), portal.open_session() as session:
        row = _found(session, reference)
        kept = session.get(Retrospective, row.id)
        prefix = portal.settings.metrics_prefix
        click.echo(findings.markdown(session, row, kept, prefix=prefix))


@click.command()
@click.argument("template")
@click.option("--value", "values", multiple=True, help="name=text, one a field of the template")
@click.option(
    "--audience",
    "audiences",
    multiple=True,
    default=["public"],
    show_default=True,
    type=click.Choice([one.value for one in Audience]),
)
@click.option("--component", "components", multiple=True, help="only for these, by slug")
@click.option("--dry-run", is_flag=True, help="show every message and count; send none")
def notify(
    template: str,
    values: tuple[str, ...],
    audiences: tuple[str, ...],
    components: tuple[str, ...],
    dry_run: bool,
) -> None:
    """Fill a message template and send it, for instance `operations`."""
    desk = _portal().desk
    with application.sentences(f"There is no template named {template}."):
        wish = NotificationIn.model_validate(
            {
                "template": template,
                "values": dict(_pair(one) for one in values),
                "audiences": list(audiences),
                "components": list(components),
                "dryRun": dry_run,
            }
        )
        if dry_run:
            for one in desk.rehearse(wish).messages:
                click.echo(f"--- {one.channel}: {one.recipients} recipients")
                click.echo(f"{one.subject}\n\n{one.text}".strip())
            return
        made = desk.send(wish, actor=application.actor())
    click.echo(f"On its way to {made.shown.recipients} recipients.")


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise click.BadParameter(f"{text!r} is not name=text")
    return name, value


def _impaired(texts: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"component": slug, "state": state} for slug, state in map(_pair, texts)]


def _found(session: Session, reference: str) -> Incident:
    row = incidents.find(session, reference)
    if row is None:
        raise NotFoundError
    return row


def _told(moment: datetime | None) -> str:
    return clock.iso(moment) if moment else "-"


def _portal() -> Portal:
    portal: Portal = application.portal()
    return portal
