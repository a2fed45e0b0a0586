"""`portal db`."""

import logging

import click
from flask_migrate import upgrade as run_migrations

from portal import clock
from portal.cli import application
from portal.notify import timetable
from portal.store import engine


@click.group()
def db() -> None:
    """The database."""


@db.command()
def upgrade() -> None:
    """Bring the tables up to this version."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with application.make().app_context():
        run_migrations()
    click.echo("The database is up to date.")


@db.command("forget-notices")
def forget_notices() -> None:
    """Send nothing of what waits to be told: after a database was put back from a copy."""
    portal = application.make().extensions["portal"]
    with portal.open_session() as session:
        engine.begin_write(session)
        dropped = timetable.silence(session, portal.settings, now=clock.now())
        session.commit()
    click.echo(f"Nothing that waited is sent; {dropped} deliveries were dropped.")
