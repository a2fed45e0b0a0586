"""`portal snapshot`."""

import sys
from pathlib import Path

import click

from portal.cli import application
from portal.runtime import exports


@click.group("snapshot")
def snapshot_group() -> None:
    """Export the runtime snapshot."""


@snapshot_group.command()
@click.option("--format", "wanted", type=click.Choice(exports.FORMATS), default="json")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="output file; standard output by default",
)
def export(wanted: str, output: Path | None) -> None:
    """Export a snapshot. Its SHA-256 goes to standard error and into the audit log."""
    portal = application.portal()
    _, body, digest = exports.export(
        portal.overview, portal.core.audit_log, wanted, actor=application.actor()
    )
    if output is None:
        sys.stdout.buffer.write(body)
    else:
        output.write_bytes(body)
    click.echo(f"sha256 {digest}", err=True)
