"""`portal audit`."""

from collections.abc import Iterator
from pathlib import Path

import click

from portal.audit import chain, segments
from portal.audit.chain import Verdict
from portal.cli import application


@click.group()
def audit() -> None:
    """Check and export the audit log."""


@audit.command()
@click.option(
    "--file",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="check an exported or sealed segment instead of the database",
)
def verify(path: Path | None) -> None:
    """Verify the hash chain. Exits with 1 and names the first bad event if it is broken."""
    if path is not None:
        try:
            _judge(segments.verify(path), total=None)
        except (ValueError, KeyError) as error:
            application.stop(f"{path}: {error}")
        return
    with application.portal().core.open_session() as session:
        _judge(chain.verify(session, in_pieces=True), total=chain.length(session))


@audit.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--from", "first", type=click.IntRange(min=1), help="number of the first event")
@click.option("--to", "last", type=click.IntRange(min=1), help="number of the last event")
@click.option("--addresses", is_flag=True, help="include the addresses that are still kept")
def export(file: Path, first: int | None, last: int | None, addresses: bool) -> None:
    """Export events to FILE as a segment that can be verified on its own."""
    if file.exists():
        application.stop(f"{file} already exists. Choose another name.")
    with application.portal().core.open_session() as session:
        try:
            made = segments.write(session, file, first=first, last=last, with_addresses=addresses)
        except OSError as error:
            application.stop(f"{file} cannot be written: {error.strerror}")
    if made is None:
        application.stop("The database has no events with those numbers.")
    click.echo(f"{file} holds events {made.first} to {made.last}; its head is {made.head}.")
    click.echo(f"sha256 {made.sha256}", err=True)


def _judge(verdicts: Iterator[Verdict], *, total: int | None) -> None:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Checking", total=total)
        verdict = Verdict(0, None)
        for verdict in verdicts:
            progress.update(task, completed=verdict.checked)
    if verdict.first_bad_seq is not None:
        application.stop(f"event {verdict.first_bad_seq}: {verdict.reason}")
    click.echo(f"{verdict.checked} events; the chain is intact.")
