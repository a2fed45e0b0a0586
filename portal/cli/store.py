"""`portal db`."""

import logging

import click

from portal import clock
from portal.cli import application, encryption
from portal.notify import timetable
from portal.store import engine, schema


@click.group()
def db() -> None:
    """The database."""


@db.command()
def upgrade() -> None:
    """Migrate the database to this version."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        schema.upgrade(application.settings().resolved_database_url)
    except schema.NewerError as error:
        application.stop(str(error))
    click.echo("The database is up to date.")


db.add_command(encryption.reencrypt)


@db.command("forget-notices")
def forget_notices() -> None:
    """Drop all pending deliveries after a restore. Stop the portal first."""
    portal = application.portal()
    with portal.core.open_session() as session:
        engine.begin_write(session)
        dropped = timetable.silence(session, portal.core.settings, now=clock.now())
        session.commit()
    click.echo(f"{dropped} pending deliveries were dropped. Nothing will be sent for them.")
