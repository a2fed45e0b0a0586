"""`portal alert`: alerts of Alertmanager and Grafana without the web."""

import click

from portal import clock
from portal.cli import application
from portal.runtime import episodes
from portal.unit_of_work import By


@click.group()
def alert() -> None:
    """List, acknowledge and end active alerts."""


@alert.command("list")
def list_alerts() -> None:
    """List alerts: name, subject, severity, source, start and title."""
    with application.portal().core.open_session() as session:
        for row in episodes.open_ones(session):
            click.echo(
                f"{row.alert}\t{row.subject}\t{row.severity}\t{row.source}\t"
                f"{clock.iso(row.opened_at)}\t{row.title}"
            )


@alert.command()
@click.argument("name")
@click.argument("subject", default="")
@click.option("--undo", is_flag=True, help="Take the acknowledgement back.")
def acknowledge(name: str, subject: str, undo: bool) -> None:
    """Acknowledge the alert NAME with SUBJECT, so that others need not take care of it."""
    acts = application.portal().runtime.acknowledgements
    with application.sentences("No such alert. Run `portal alert list` to see all."):
        act = acts.withdraw if undo else acts.acknowledge
        row = act(By(application.actor()), name, subject)
    by = f"acknowledged by {row.acknowledged_by}" if row.acknowledged_by else "not acknowledged"
    click.echo(f"{row.alert} is {by}.")


@alert.command()
@click.argument("name")
@click.argument("subject")
def end(name: str, subject: str) -> None:
    """End the alert NAME with SUBJECT when its sender never reported it resolved."""
    with application.sentences("No such alert. Run `portal alert list` to see all."):
        row = application.portal().runtime.foreign_alerts.end(
            By(application.actor()), name, subject
        )
    click.echo(f"{row.alert} has ended. It opens again when it next fires.")
