"""`portal block`: the perimeter without the web; every process enforces it within a second."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import click

from portal import clock
from portal.cli import application
from portal.guard import blocks
from portal.guard.blocks import (
    Action,
    AlreadyBlockedError,
    Block,
    BlockAct,
    BlockIn,
    Blocks,
    BlockScope,
    Kind,
    Source,
)
from portal.unit_of_work import By

_SCOPE = click.Choice([one.value for one in BlockScope])
_KIND = click.Choice([one.value for one in Kind])
# A command line has no address of its own that it could shut out.
_NOBODY = ""


@click.group()
def block() -> None:
    """Block addresses, ranges, keys and origins."""


@block.command()
@click.argument("value")
@click.option("--scope", type=_SCOPE, default="ip", show_default=True)
@click.option("--duration", required=True, help="for instance 30m")
@click.option("--reason", required=True)
@click.option("--kind", type=_KIND, default="ban", show_default=True)
@click.option("--force", is_flag=True, help="even for a trusted address")
def add(value: str, scope: str, duration: str, reason: str, kind: str, force: bool) -> None:
    """Block VALUE."""
    with _sentences():
        new = BlockIn(
            scope=BlockScope(scope),
            value=value,
            kind=Kind(kind),
            duration=duration,
            reason=reason,
            force=force,
        )
        row = _blocks().add(_by(), new, caller=_NOBODY)
    _say(row)


@block.command("import")
@click.argument("file", type=click.File("r"))
@click.option("--scope", type=_SCOPE, default="ip", show_default=True)
@click.option("--duration", required=True, help="for instance 7d")
@click.option("--reason", required=True)
def import_values(file: TextIO, scope: str, duration: str, reason: str) -> None:
    """Block each line of FILE. Existing blocks stay as they are."""
    from rich.progress import track

    values = [line.strip() for line in file if line.strip() and not line.startswith("#")]
    acts, known = _blocks(), 0
    for value in track(values, description="Blocking", transient=True):
        with _sentences():
            new = BlockIn(scope=BlockScope(scope), value=value, duration=duration, reason=reason)
            try:
                acts.add(_by(), new, caller=_NOBODY, source=Source.IMPORT)
            except AlreadyBlockedError:
                known += 1
    click.echo(f"{len(values) - known} blocked, {known} already blocked.")


@block.command("raise")
@click.argument("ref")
@click.option("--duration", required=True, help="block for at least this long from now")
@click.option("--reason", default="")
@click.option("--kind", type=_KIND, help="ban, to turn a throttle into a ban")
@click.option("--range", "wider", help="a range that contains it, to widen the block")
@click.option("--force", is_flag=True)
def raise_block(
    ref: str, duration: str, reason: str, kind: str | None, wider: str | None, force: bool
) -> None:
    """Make a block longer, stronger or wider. REF is its id or value."""
    with _sentences():
        asked = BlockAct(
            action=Action.RAISE,
            duration=duration,
            reason=reason,
            kind=Kind(kind) if kind else None,
            scope=BlockScope.RANGE if wider else None,
            value=wider,
            force=force,
        )
        row = _blocks().act(_by(), ref, asked, caller=_NOBODY)
    _say(row)


@block.command()
@click.argument("ref")
@click.option("--duration", required=True, help="for instance 30m")
@click.option("--reason", default="")
def extend(ref: str, duration: str, reason: str) -> None:
    """Extend a block. REF is its id or value."""
    with _sentences():
        asked = BlockAct(action=Action.EXTEND, duration=duration, reason=reason)
        row = _blocks().act(_by(), ref, asked, caller=_NOBODY)
    _say(row)


@block.command()
@click.argument("ref")
@click.option("--reason", default="")
def remove(ref: str, reason: str) -> None:
    """Remove a block. REF is its id or value."""
    with _sentences():
        row = _blocks().remove(_by(), ref, reason=reason)
    click.echo(f"{row.value} is no longer blocked.")


@block.command("list")
@click.option("--all", "with_past", is_flag=True, help="include expired and removed blocks")
def list_blocks(with_past: bool) -> None:
    """List blocks, newest first."""
    now = clock.now()
    with _blocks().open_session() as session:
        rows, total = blocks.page(session, now=now, only_active=not with_past, limit=500, offset=0)
        for row in rows:
            click.echo(
                f"{row.id}\t{row.scope}\t{row.value}\t{row.kind}\t{row.source}\t"
                f"{clock.iso(row.until)}\t{row.reason}"
            )
    if total > len(rows):
        click.echo(f"and {total - len(rows)} more", err=True)


def _blocks() -> Blocks:
    return application.portal().guard.blocks


def _by() -> By:
    return By(application.actor())


def _say(row: Block) -> None:
    click.echo(f"{row.value} is blocked until {clock.iso(row.until)} ({row.id}).")


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        with application.sentences("No block has that id or value."):
            yield
    except AlreadyBlockedError as error:
        application.stop(
            f"{error.current.value} is already blocked by {error.current.id}."
            " Extend or raise that block."
        )
