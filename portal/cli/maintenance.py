"""`portal maintenance` and `portal announce`: an operator's acts without the web."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import click

from portal import clock, durations
from portal.cli import application
from portal.status import windows
from portal.status.announcements import AnnouncementIn
from portal.status.registry import Registry
from portal.status.terms import Audience, Channel, Severity, Status
from portal.status.windows import Action, Window, WindowAct, WindowIn


class _Duration(click.ParamType[Any]):
    name = "duration"

    def convert(self, value: Any, param: Any, ctx: Any) -> timedelta:
        if isinstance(value, timedelta):
            return value
        try:
            return durations.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.group()
def maintenance() -> None:
    """Maintenance windows."""


@maintenance.command()
@click.option("--title", required=True)
@click.option("--duration", type=_Duration(), required=True, help="for instance 30m")
@click.option("--message", default="", help="Markdown")
@click.option("--zone", default="UTC", show_default=True, help="the zone that readers see")
def start(title: str, duration: timedelta, message: str, zone: str) -> None:
    """Begin a window now."""
    with application.sentences("There is no window of that reference."):
        wish = WindowIn(title=title, message=message, zone=zone, ends_at=clock.now() + duration)
        row = _registry().open_window(wish, actor=application.actor())
    click.echo(f"{row.reference} runs until {clock.iso(row.ends_at)}.")


@maintenance.command()
@click.argument("reference", required=False)
@click.option("--duration", "by", required=True, help="for instance 15m")
def extend(reference: str | None, by: str) -> None:
    """Put the end of a window off; without a reference the one that runs."""
    row = _act(reference, WindowAct(action=Action.EXTEND, duration=by))
    click.echo(f"{row.reference} now ends at {clock.iso(row.ends_at)}.")


@maintenance.command()
@click.argument("reference", required=False)
def end(reference: str | None) -> None:
    """End a window now; without a reference the one that runs."""
    row = _act(reference, WindowAct(action=Action.END))
    click.echo(f"{row.reference} is over.")


@maintenance.command("list")
def list_windows() -> None:
    """Windows, the latest start first."""
    now = clock.now()
    with application.portal().open_session() as session:
        rows, _ = windows.page(session, limit=50, offset=0)
        for row in rows:
            click.echo(
                f"{row.reference}\t{row.status_at(now)}\t{clock.iso(row.starts_at)}\t"
                f"{clock.iso(row.ends_at)}\t{row.title}"
            )


@click.command()
@click.option("--title", required=True)
@click.option("--severity", type=click.Choice([one.value for one in Severity]), required=True)
@click.option("--duration", type=_Duration(), help="for instance 1h; without one it has no end")
@click.option("--message", default="", help="Markdown")
@click.option(
    "--audience",
    "audiences",
    multiple=True,
    default=["public"],
    show_default=True,
    type=click.Choice([one.value for one in Audience]),
)
@click.option(
    "--channel",
    "channels",
    multiple=True,
    default=["web"],
    show_default=True,
    type=click.Choice([one.value for one in Channel]),
)
def announce(
    title: str,
    severity: str,
    duration: timedelta | None,
    message: str,
    audiences: tuple[str, ...],
    channels: tuple[str, ...],
) -> None:
    """Publish an announcement now."""
    now = clock.now()
    with application.sentences("There is no window of that reference."):
        wish = AnnouncementIn(
            title=title,
            severity=Severity(severity),
            message=message,
            status=Status.ACTIVE,
            audiences=[Audience(one) for one in audiences],
            channels=[Channel(one) for one in channels],
            starts_at=now,
            ends_at=now + duration if duration else None,
        )
        row = _registry().announce(wish, actor=application.actor())
    click.echo(f"{row.slug} is published.")


def _registry() -> Registry:
    registry: Registry = application.portal().registry
    return registry


def _act(reference: str | None, act: WindowAct) -> Window:
    registry = _registry()
    with application.sentences("There is no window of that reference."):
        ref = reference or _only_running(registry.open_session)
        return registry.act_on_window(ref, act, version=None, actor=application.actor())


def _only_running(open_session: Callable[[], Any]) -> str:
    with open_session() as session:
        running = windows.running(session, now=clock.now())
        if len(running) != 1:
            names = ", ".join(row.reference for row in running) or "none"
            application.stop(f"Name the window: {names} of them runs.")
        return running[0].reference
