"""`portal lifecycle`: the phase of this node, draining and shutting down."""

import os
import signal
import time
from functools import partial

import click

from portal.audit.log import UnrecordedError
from portal.cli import application
from portal.lifecycle import serving
from portal.lifecycle.drain import Drain, Exit, Patience
from portal.lifecycle.phases import Phase
from portal.rooms import Portal

STOP_SECONDS = 45.0


@click.group()
def lifecycle() -> None:
    """Show or change this node's phase: ready, draining, closing or stopped."""


@lifecycle.command()
def status() -> None:
    """Show the phase, and each process with its requests and connections."""
    portal = _portal()
    shares, mark = portal.runtime.node.shares(), portal.lifecycle.phases.mark
    phase = portal.lifecycle.phases.current() if shares else Phase.STOPPED
    click.echo(phase + (f" since {mark.since}, by {mark.by}: {mark.why}" if mark else ""))
    for share in shares:
        pool = share.pool
        click.echo(
            f"process {share.pid}: {share.in_flight} requests, {pool.size} connections,"
            f" {pool.borrowed} in use, {pool.pending} waiting"
        )


@lifecycle.command()
@click.option("--why", default="told to drain", show_default=True)
@click.option("--off", is_flag=True, help="cancel the drain")
def drain(why: str, off: bool) -> None:
    """Drain the node: not ready, no writes, reads continue, until the shutdown."""
    portal, actor = _portal(), application.actor()
    if off:
        if portal.lifecycle.phases.current() is Phase.CLOSING:
            application.stop("The pools are already closed. The drain can no longer be cancelled.")
        _append(portal, "runtime.drain.called_off", by=actor)
        portal.lifecycle.phases.back()
        click.echo("Ready again.")
        return
    _append(portal, "runtime.drain.began", by=actor, reason=why)
    portal.lifecycle.phases.move(Phase.DRAINING, by=actor, why=why)
    click.echo("Draining: not ready, no more writes.")


@lifecycle.command()
@click.option(
    "--wait", default=60.0, show_default=True, help="seconds to wait for the queues to empty"
)
@click.option("--delay", default=5.0, show_default=True, help="seconds to wait for load balancers")
@click.option(
    "--requests", default=20.0, show_default=True, help="seconds to wait for running requests"
)
@click.option(
    "--close", default=10.0, show_default=True, help="seconds to wait for connections in use"
)
@click.option("--linger", default=15.0, show_default=True, help="seconds to report empty pools")
@click.option("--force", is_flag=True, help="even while queues hold work")
@click.option("--why", default="shutdown requested", show_default=True)
def shutdown(
    wait: float, delay: float, requests: float, close: float, linger: float, force: bool, why: str
) -> None:
    """Drain, close the pools and stop. Exit codes: 0 clean, 1 unclean, 3 refused, 4 timed out."""
    portal, actor = _portal(), application.actor()
    if not portal.runtime.node.shares():
        application.stop("No portal is running on this data directory.")
    way_out = Drain(
        portal.lifecycle.phases,
        portal.runtime.node,
        workers=portal.runtime.workers.all,
        append=partial(_append, portal),
        pause=time.sleep,
        say=click.echo,
    )
    patience = Patience(wait, delay, requests, close, linger)
    result = way_out.run(by=actor, why=why, patience=patience, is_forced=force)
    if result is Exit.REFUSED:
        raise SystemExit(int(result))
    if not _stop_server(portal):
        click.echo("The server did not stop.", err=True)
        result = Exit.TIMED_OUT
    click.echo("Stopped." if result is Exit.CLEAN else "Stopped, but not cleanly.")
    raise SystemExit(int(result))


def _stop_server(portal: Portal) -> bool:
    """Tell `portal serve` to stop, and wait for it."""
    folder = portal.core.settings.data_dir
    server = serving.running(folder)
    if server is None:
        return False
    os.kill(server.pid, signal.SIGTERM)
    ends = time.monotonic() + STOP_SECONDS
    while time.monotonic() < ends:
        if serving.running(folder) != server:
            return True
        time.sleep(0.1)
    return False


def _append(portal: Portal, event_type: str, **detail: object) -> None:
    """Into the audit log first; what cannot be recorded is not done."""
    try:
        portal.core.audit_log.append(event_type, actor=application.actor(), **detail)
    except UnrecordedError as error:
        application.stop(f"{error} Nothing was changed.")


def _portal() -> Portal:
    return application.portal()
