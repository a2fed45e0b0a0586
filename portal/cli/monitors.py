"""`portal monitor`: monitors without the web."""

import asyncio
import json

import click

from portal import clock
from portal.cli import application
from portal.errors import found
from portal.monitors import looking, queries, states
from portal.monitors.credentials import UnreadableError
from portal.monitors.health import Outcome
from portal.monitors.kinds.table import config_of
from portal.monitors.monitor import Kind
from portal.monitors.watched import plan_of
from portal.unit_of_work import By

MISSING = "No monitor has that slug. Run `portal monitor list` to see all."


@click.group()
def monitor() -> None:
    """List, test, pause and resume monitors."""


@monitor.command("list")
def list_monitors() -> None:
    """List monitors: slug, state, kind, target, component and what was said last."""
    now = clock.now()
    with application.portal().core.open_session() as session:
        known = states.by_monitor(session)
        for row in queries.every(session):
            state = known.get(row.id)
            word = "paused" if row.is_paused else states.health_at(row, state, now=now)
            target = config_of(row.kind, row.config).target
            detail = state.detail if state is not None else ""
            click.echo(
                f"{row.slug}\t{word}\t{row.kind}\t{target}\t{row.component or '-'}\t{detail}"
            )


@monitor.command()
@click.argument("slug")
@click.option("--json", "as_json", is_flag=True, help="all that the look brought")
def test(slug: str, as_json: bool) -> None:
    """Look once, now, from here; exit 1 if it is down, 2 if nobody can tell."""
    portal = application.portal()
    with application.sentences(MISSING), portal.core.open_session() as session:
        row = found(queries.find(session, slug))
        session.expunge(row)
    if row.kind == Kind.HEARTBEAT:
        application.stop("A heartbeat is called; there is nothing to look at.")
    try:
        credentials = portal.monitors.credentials.decrypt(row.credentials)
    except UnreadableError as error:
        application.stop(str(error))
    look = asyncio.run(looking.look(plan_of(row), portal.monitors.targets, credentials))
    took = "" if look.ms is None else f" in {look.ms:.0f} ms"
    said = f"{row.name}: {look.outcome.name.lower()}, {look.detail}{took}"
    click.echo(json.dumps(look.evidence(), indent=2) if as_json else said)
    codes = {Outcome.DOWN: 1, Outcome.UNKNOWN: 2}
    raise SystemExit(codes.get(look.outcome, 0))


@monitor.command()
@click.argument("slug")
def pause(slug: str) -> None:
    """Look no more until it is resumed."""
    with application.sentences(MISSING):
        row = application.portal().monitors.acts.pause(By(application.actor()), slug)
    click.echo(f"{row.slug} is paused.")


@monitor.command()
@click.argument("slug")
def resume(slug: str) -> None:
    """Look again, from now on."""
    with application.sentences(MISSING):
        row = application.portal().monitors.acts.resume(By(application.actor()), slug)
    click.echo(f"{row.slug} is looked at again.")
