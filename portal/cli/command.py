"""The `portal` command."""

import sys
from typing import Any

import click
from sqlalchemy.exc import SQLAlchemyError

from portal import VERSION, logs
from portal.audit.log import UnrecordedError
from portal.cli import (
    accounts,
    alerts,
    announcements,
    application,
    audit,
    backup,
    blocks,
    check,
    demo,
    incidents,
    lifecycle,
    monitors,
    notifications,
    serve,
    snapshot,
    store,
    windows,
    worker,
)
from portal.settings import SettingsError, load, table
from portal.store import files


class _Command(click.Group):
    """Adds the settings table to the help, and says in a sentence what the machine refuses."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SQLAlchemyError as error:
            application.stop(application.of_database(error, load()))
        except UnrecordedError as error:
            application.stop(f"{error} Nothing was done.")
        except BrokenPipeError:
            raise
        except OSError as error:
            application.stop(f"{error.filename or 'The system'}: {error.strerror or error}.")

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Settings (environment; each also as NAME_FILE)"):
            formatter.write_dl([(row.variable, f"{row.help} [{row.default}]") for row in table()])


@click.group(cls=_Command)
@click.version_option(VERSION)
def portal() -> None:
    """A self-hosted status and maintenance portal."""


portal.add_command(serve.serve)
portal.add_command(worker.worker)
portal.add_command(check.check)
portal.add_command(lifecycle.lifecycle)
portal.add_command(store.db)
portal.add_command(backup.backup)
portal.add_command(backup.restore)
portal.add_command(accounts.operator)
portal.add_command(accounts.token)
portal.add_command(windows.maintenance)
portal.add_command(announcements.announce)
portal.add_command(alerts.alert)
portal.add_command(incidents.incident)
portal.add_command(monitors.monitor)
portal.add_command(notifications.notify)
portal.add_command(blocks.block)
portal.add_command(snapshot.snapshot_group)
portal.add_command(audit.audit)
portal.add_command(demo.demo)


def main() -> None:
    """Run the command; exit 2 with sentences when the settings are wrong."""
    logs.configure()
    files.make_privately()
    try:
        portal()
    except SettingsError as error:
        for problem in error.problems:
            click.echo(f"portal: {problem}", err=True)
        sys.exit(2)
