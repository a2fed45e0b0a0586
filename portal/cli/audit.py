"""`portal audit`."""

import click
from rich.console import Console
from rich.progress import Progress

from portal.audit import chain
from portal.cli import application


@click.group()
def audit() -> None:
    """The log of what was done."""


@audit.command()
def verify() -> None:
    """Check the whole chain; exit 1 and name the first bad event when it is broken."""
    with (
        application.make().extensions["portal"].open_session() as session,
        Progress(console=Console(stderr=True), transient=True) as progress,
    ):
        task = progress.add_task("Checking", total=chain.length(session))
        verdict = chain.Verdict(0, None)
        for verdict in chain.verify(session):
            progress.update(task, completed=verdict.checked)
    if verdict.first_bad_seq is not None:
        application.stop(f"event {verdict.first_bad_seq}: {verdict.reason}")
    click.echo(f"{verdict.checked} events, the chain is whole.")
