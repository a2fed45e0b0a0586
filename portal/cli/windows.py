"""`portal maintenance`: windows without the web."""

from datetime import timedelta

import click

from portal import clock
from portal.cli import application
from portal.cli.durations import Duration
from portal.rooms import Portal
from portal.status import windows
from portal.status.windows import Action, Window, WindowAct, WindowIn
from portal.unit_of_work import By


@click.group()
def maintenance() -> None:
    """Maintenance windows."""


@maintenance.command()
@click.option("--title", required=True)
@click.option("--duration", type=Duration(), required=True, help="for instance 30m")
@click.option("--message", default="", help="Markdown")
@click.option("--zone", default="UTC", show_default=True, help="the time zone to show")
def start(title: str, duration: timedelta, message: str, zone: str) -> None:
    """Start a maintenance window now."""
    with application.sentences("No window has that reference."):
        new = WindowIn(title=title, message=message, zone=zone, ends_at=clock.now() + duration)
        row = application.portal().status.windows.schedule(By(application.actor()), new)
    click.echo(f"{row.reference} runs until {clock.iso(row.ends_at)}.")


@maintenance.command()
@click.argument("reference", required=False)
@click.option("--duration", "by", required=True, help="for instance 15m")
def extend(reference: str | None, by: str) -> None:
    """Extend a window; without a reference, the active one, or the one that has just ended."""
    row = _act(reference, WindowAct(action=Action.EXTEND, duration=by))
    click.echo(f"{row.reference} now ends at {clock.iso(row.ends_at)}.")


@maintenance.command()
@click.argument("reference", required=False)
def end(reference: str | None) -> None:
    """End a window now; without a reference, the active one."""
    row = _act(reference, WindowAct(action=Action.END))
    click.echo(f"{row.reference} has ended.")


@maintenance.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--offset", type=click.IntRange(0), default=0, help="how many to skip")
@click.option(
    "--all", "has_all", is_flag=True, help="all occurrences of series, not only the next two"
)
def list_windows(limit: int, offset: int, has_all: bool) -> None:
    """List windows: active, upcoming, then past ones, latest first."""
    now = clock.now()
    with application.portal().core.open_session() as session:
        rows, total = windows.listed(session, now=now, limit=limit, offset=offset, has_all=has_all)
        for row in rows:
            click.echo(
                f"{row.reference}\t{row.status_at(now)}\t{clock.iso(row.starts_at)}\t"
                f"{clock.iso(row.ends_at)}\t{row.title}"
            )
    if total > offset + len(rows):
        click.echo(f"{total - offset - len(rows)} more: --offset {offset + len(rows)}", err=True)


def _act(reference: str | None, asked: WindowAct) -> Window:
    portal = application.portal()
    with application.sentences("No window has that reference."):
        ref = reference or _only(portal, asked.action)
        return portal.status.windows.act(By(application.actor()), ref, asked)


def _only(portal: Portal, action: Action) -> str:
    """The one window that an act without a reference can mean."""
    candidates = windows.extendable if action is Action.EXTEND else windows.running
    now = clock.now()
    with portal.core.open_session() as session:
        found = candidates(session, now=now)
        if not found:
            application.stop("No window is active.")
        if len(found) > 1:
            names = ", ".join(row.reference for row in found)
            state = "are active" if windows.running(session, now=now) else "have just ended"
            application.stop(f"Several windows {state}: {names}. Name one.")
        return found[0].reference
