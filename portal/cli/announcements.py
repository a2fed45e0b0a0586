"""`portal announce`: an announcement without the web."""

from datetime import timedelta

import click

from portal import clock
from portal.cli import application
from portal.cli.audiences import audience_option
from portal.cli.durations import Duration
from portal.status.announcements import AnnouncementIn
from portal.status.terms import Audience, Channel, Severity, Status
from portal.unit_of_work import By


@click.command()
@click.option("--title", required=True)
@click.option("--severity", type=click.Choice([one.value for one in Severity]), required=True)
@click.option(
    "--duration", type=Duration(), help="such as 1h; without it, the announcement has no end"
)
@click.option("--message", default="", help="Markdown")
@audience_option
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
    with application.sentences("No such announcement."):
        new = AnnouncementIn(
            title=title,
            severity=Severity(severity),
            message=message,
            status=Status.ACTIVE,
            audiences=[Audience(one) for one in audiences],
            channels=[Channel(one) for one in channels],
            starts_at=now,
            ends_at=now + duration if duration else None,
        )
        row = application.portal().status.announcements.create(By(application.actor()), new)
    click.echo(f"{row.slug} is published.")
