"""`portal db`."""

import logging

import click

from portal import clock
from portal.cli import application
from portal.notify import timetable
from portal.store import engine, schema


@click.group()
def db() -> None:
    """The database."""


@db.command()
def upgrade() -> None:
    """Bring the tables up to this version."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        schema.upgrade(application.settings().resolved_database_url)
    except schema.NewerError as error:
        application.stop(str(error))
    click.echo("The database is up to date.")


@db.command("forget-notices")
def forget_notices() -> None:
    """Send nothing of what waits: after a database was put back, with the portal stopped."""
    portal = application.portal()
    with portal.core.open_session() as session:
        engine.begin_write(session)
        dropped = timetable.silence(session, portal.core.settings, now=clock.now())
        session.commit()
    click.echo(f"Nothing that waited is sent; {dropped} deliveries were dropped.")
