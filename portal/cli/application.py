"""An app for a command, with its settings; a development copy gets what it lacks."""

import dataclasses
import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import click
import structlog
from apiflask import APIFlask
from pydantic import ValidationError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from portal import create_app, field_errors, rooms
from portal.audit.log import UnrecordedError
from portal.errors import NotFoundError, RuleError
from portal.rooms import Portal
from portal.settings import ScraperToken, Settings, kept_secret, load
from portal.store import engine, errors
from portal.store.errors import FailureKind

_log = structlog.get_logger()


def settings() -> Settings:
    """The settings of the environment; in development with a metrics token of its own."""
    found = load()
    if found.env == "development" and not found.metrics_tokens:
        token = ScraperToken("prometheus", kept_secret(found.data_dir, "metrics-token"))
        manual = ScraperToken("oncall", kept_secret(found.data_dir, "oncall-token"), True)
        found = dataclasses.replace(found, metrics_tokens=(token, manual))
    return found


def make() -> APIFlask:
    return create_app(settings())


def portal(given: Settings | None = None) -> Portal:
    """The rooms of an app, for a command that serves nothing."""
    return rooms.of(create_app(given or settings()))


def actor() -> str:
    """Who runs the command, as the audit log names them."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return f"cli:uid-{os.getuid()}"


def say(text: str) -> None:
    """A line on standard output for whoever watches; a full disk behind it stops nothing."""
    try:
        click.echo(text)
        sys.stdout.flush()
    except OSError:
        # What is left in the buffer would fail the exit too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def stop(text: str, code: int = 1) -> NoReturn:
    """End the command with a sentence on standard error."""
    click.echo(f"portal: {text}", err=True)
    raise SystemExit(code)


def record(portal: Portal, event_type: str, **detail: object) -> None:
    """Put an event of `portal serve` into the audit log or its spool.

    Where neither takes it there is nobody to tell, and a signal is obeyed all the same.
    """
    try:
        portal.core.audit_log.append(event_type, actor="portal serve", **detail)
    except UnrecordedError as error:
        _log.error("serve.unrecorded", detail=str(error))


def of_database(error: SQLAlchemyError, settings: Settings) -> str:
    """What is wrong with the database, and what to do, as one sentence."""
    url = make_url(settings.resolved_database_url)
    if engine.is_missing(url):
        return "There is no database yet; make it with: portal db upgrade"
    kind = errors.of(error)
    if kind in _DATABASE:
        return _DATABASE[kind]
    where = "the file" if url.get_backend_name() == "sqlite" else "PORTAL_DATABASE_URL"
    cause = error.orig if isinstance(error, DBAPIError) else None
    said = str(cause or type(error).__name__).strip().partition("\n")[0].rstrip(".")
    return f"The database does not answer ({said}). Look at {where}. Nothing was saved."


_DATABASE = {
    FailureKind.BUSY: "The database is busy. Nothing was saved. Try again.",
    FailureKind.READ_ONLY: "The database is read-only at the moment. Nothing was saved.",
    FailureKind.FULL: "The database has no space left. Nothing was saved.",
    FailureKind.OUTDATED: "The database does not have the tables of this version. Run:"
    " portal db upgrade",
}


@contextmanager
def sentences(missing: str) -> Iterator[None]:
    """What is wrong with the input, as sentences and exit 1."""
    try:
        yield
    except ValidationError as error:
        for place, sentence in field_errors.found(error):
            click.echo(f"portal: {'.'.join(place)}: {sentence}", err=True)
        raise SystemExit(1) from None
    except RuleError as error:
        stop(f"{error.field}: {error.text}")
    except NotFoundError:
        stop(missing)
