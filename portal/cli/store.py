"""`portal db`."""

import logging

import click
from flask_migrate import upgrade as run_migrations

from portal.cli import application


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
