"""`portal alert`: alerts of Alertmanager and Grafana without the web."""

import click

from portal import clock
from portal.cli import application
from portal.runtime import episodes
from portal.unit_of_work import By


@click.group()
def alert() -> None:
    """Alerts that hold now."""


@alert.command("list")
def list_alerts() -> None:
    """Name, subject, severity, source, since when, and title."""
    with application.portal().core.open_session() as session:
        for row in episodes.open_ones(session):
            click.echo(
                f"{row.alert}\t{row.subject}\t{row.severity}\t{row.source}\t"
                f"{clock.iso(row.opened_at)}\t{row.title}"
            )


@alert.command()
@click.argument("name")
@click.argument("subject")
def end(name: str, subject: str) -> None:
    """End the alert NAME with its SUBJECT, whose own end was lost."""
    with application.sentences("There is no such alert; `portal alert list` has them."):
        row = application.portal().runtime.foreign_alerts.end(
            By(application.actor()), name, subject
        )
    click.echo(f"{row.alert} is over; it counts again when it fires anew.")
