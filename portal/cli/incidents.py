"""`portal incident`: incidents without the web."""

from datetime import datetime
from typing import Any

import click

from portal import clock
from portal.cli import application
from portal.cli.audiences import audience_option
from portal.cli.notifications import pair
from portal.errors import found
from portal.rooms import Portal
from portal.runtime import exports
from portal.status import incidents
from portal.status.incidents import Category, ImpactLevel, IncidentIn, Progress, UpdateIn, findings
from portal.status.retrospectives import Retrospective
from portal.unit_of_work import By

MISSING = "No incident has that reference."
_LISTED = 50


@click.group()
def incident() -> None:
    """Incidents."""


@incident.command("open")
@click.option("--title", required=True)
@click.option("--impact", type=click.Choice([one.value for one in ImpactLevel]), required=True)
@click.option("--message", required=True, help="the first public update, Markdown")
@click.option("--component", "impaired", multiple=True, help="slug=state, such as api=major_outage")
@audience_option
def open_incident(
    title: str, impact: str, message: str, impaired: tuple[str, ...], audiences: tuple[str, ...]
) -> None:
    """Open an incident and notify subscribers."""
    with application.sentences(MISSING):
        new = IncidentIn.model_validate(
            {
                "title": title,
                "impact": impact,
                "message": message,
                "components": _impaired(impaired),
                "audiences": list(audiences),
            }
        )
        row = _portal().status.incidents.open(By(application.actor()), new)
    click.echo(f"{row.reference} is open.")


@incident.command()
@click.argument("reference")
@click.option("--status", type=click.Choice([one.value for one in Progress]), required=True)
@click.option("--message", required=True, help="Markdown")
@click.option(
    "--component",
    "impaired",
    multiple=True,
    help="slug=state; lists all components that are still affected",
)
@click.option(
    "--category", type=click.Choice([one.value for one in Category]), help="when it is resolved"
)
def update(
    reference: str, status: str, message: str, impaired: tuple[str, ...], category: str | None
) -> None:
    """Post a public update. `--status resolved` needs a category."""
    with application.sentences(MISSING):
        values: dict[str, Any] = {
            "status": status,
            "message": message,
            "rootCauseCategory": category,
        }
        if impaired:
            values["components"] = _impaired(impaired)
        row = _portal().status.incidents.update(
            By(application.actor()), reference, UpdateIn.model_validate(values)
        )
    click.echo(f"{row.reference} is {row.status}.")


@incident.command()
@click.argument("reference")
def capture(reference: str) -> None:
    """Attach the current runtime snapshot to an incident."""
    portal = _portal()
    with application.sentences(MISSING):
        made = exports.capture(
            portal.overview, portal.status.incidents, By(application.actor()), reference
        )
    click.echo(f"{made.id} sha256 {made.sha256}")


@incident.command("list")
def list_incidents() -> None:
    """List incidents, latest start first."""
    with _portal().core.open_session() as session:
        rows, _ = incidents.page(session, limit=_LISTED, offset=0)
        for row in rows:
            click.echo(
                f"{row.reference}\t{row.status}\t{row.impact}\t{_told(row.started_at)}\t"
                f"{_told(row.resolved_at)}\t{row.title}"
            )


@incident.command("findings")
@click.argument("reference")
def show_findings(reference: str) -> None:
    """Get the captured figures as Markdown, for a ticket."""
    portal = _portal()
    with application.sentences(MISSING), portal.core.open_session() as session:
        row = found(incidents.find(session, reference))
        click.echo(findings.of_captures(session, row, prefix=portal.core.settings.metrics_prefix))


@incident.command()
@click.argument("reference")
def export(reference: str) -> None:
    """Export timeline, retrospective and captured figures as Markdown."""
    portal = _portal()
    with application.sentences(MISSING), portal.core.open_session() as session:
        row = found(incidents.find(session, reference))
        kept = session.get(Retrospective, row.id)
        prefix = portal.core.settings.metrics_prefix
        click.echo(findings.markdown(session, row, kept, prefix=prefix))


def _impaired(texts: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"component": slug, "state": state} for slug, state in map(pair, texts)]


def _told(moment: datetime | None) -> str:
    return clock.iso(moment) if moment else "-"


def _portal() -> Portal:
    portal: Portal = application.portal()
    return portal
