"""`portal serve`."""

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
import structlog
from sqlalchemy.exc import SQLAlchemyError

from portal import IS_CHECKOUT, ROOT, VERSION
from portal.accounts import operators
from portal.audit.log import UnrecordedError
from portal.cli import application, reload
from portal.cli.supervisor import Child, Supervisor
from portal.lifecycle import serving
from portal.lifecycle.watch import EVERY_SECONDS, Watch, reaches
from portal.rooms import Portal
from portal.settings import Settings
from portal.store import engine, files, schema

_log = structlog.get_logger()
FRONT = Path(__file__).with_name("front.py")


@click.command()
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option("--no-worker", is_flag=True, help="do not start the background worker")
@click.option("--upgrade", "upgrades", is_flag=True, help="migrate the database first")
@click.option("--reload", "reloads", is_flag=True, help="restart when code or templates change")
def serve(workers: int, no_worker: bool, upgrades: bool, reloads: bool) -> None:
    """Serve the portal, with one background worker."""
    settings = application.settings()
    if reloads and settings.env != "development":
        raise click.UsageError("--reload works only with PORTAL_ENV=development.")
    upgrades = upgrades or settings.env == "development"
    try:
        with serving.alone(settings.data_dir, serving.SERVE) as was_killed:
            # What the one before left running lets go of the address in a moment.
            patience = serving.REMAINS_SECONDS if was_killed else 0.0
            claimed = serving.claim(settings.bind, patience=patience)
            _run(settings, workers, no_worker=no_worker, upgrades=upgrades, reloads=reloads)
            if claimed is not None:
                claimed.close()
    except serving.TakenError as error:
        application.stop(str(error))


def _run(
    settings: Settings, workers: int, *, no_worker: bool, upgrades: bool, reloads: bool
) -> None:
    """Everything from the preparations to the stop, on a folder and an address of our own."""
    portal = _prepare(settings, workers, upgrades=upgrades)
    if workers > 1:
        # prometheus_client decides at its first import whether counters are shared: the web
        # processes, which count, share them; this process does not count.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(settings.run_dir.resolve() / "metrics")
    if IS_CHECKOUT:
        os.environ["PYTHONPATH"] = os.pathsep.join(
            filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))
        )
    # As a file: with `-m` it would load the whole command, which the server does not need.
    front = [sys.executable, "-P", str(FRONT), settings.bind, str(workers)]
    # Browsers keep styles and scripts for an hour, but not while somebody works on them.
    children = [Child("web", front)]
    if not no_worker:
        children.append(Child("worker", [sys.executable, "-m", "portal", "worker"]))
    supervisor = Supervisor(portal, children, partial(_append, portal))
    if reloads:
        reload.watch(supervisor.outdate)
    try:
        supervisor.run()
    finally:
        _append(portal, "runtime.stopped", version=VERSION)


def _prepare(settings: Settings, workers: int, *, upgrades: bool) -> Portal:
    """What must be there before the web processes are; they inherit the environment."""
    files.tighten(settings)
    shutil.rmtree(settings.run_dir, ignore_errors=True)
    (settings.run_dir / "metrics").mkdir(parents=True, exist_ok=True, mode=0o700)
    portal = application.portal(settings)
    portal.runtime.exporter.state()  # from now on the age of scrapes counts
    address = settings.external_url or f"http://{settings.bind}"
    application.say(f"Portal {VERSION} on {address}")
    waf = portal.guard.inspection.engine
    _log.info("serve.waf", engine=waf.name, rules=waf.rule_set, library=waf.library)
    # Without its database the web goes up all the same, and says what is wrong.
    prepare = partial(_prepare_database, portal, upgrades=upgrades)
    is_prepared = prepare()
    _append(portal, "runtime.started", version=VERSION, workers=workers)
    if settings.env == "development" and "PORTAL_METRICS_TOKENS" not in os.environ:
        application.say(
            "The metrics token of this development copy, for Prometheus, is in"
            f" {settings.data_dir / 'metrics-token'}; people read the feed with a manual one:"
        )
        manual = settings.data_dir / "oncall-token"
        application.say(
            f'  curl -H "Authorization: Bearer $(cat {manual})" {address}/health/metrics'
        )
    waiting = None if is_prepared else partial(prepare, is_again=True)
    threading.Thread(target=_watch, args=(portal, waiting), daemon=True, name="watch").start()
    return portal


def _prepare_database(portal: Portal, *, upgrades: bool, is_again: bool = False) -> bool:
    """Migrations if asked for, and the link for the first operator; False without a database.

    What is missing is logged at the first look, and not at each that follows.
    """
    settings = portal.core.settings
    try:
        if upgrades:
            _upgrade(settings)
        with portal.core.open_session() as session:
            engine.begin_write(session)
            link = operators.new_first_run_link(session)
            session.commit()
    except SQLAlchemyError as error:
        if not is_again:
            detail = application.of_database(error, settings)
            _log.error("serve.database_unusable", error=type(error).__name__, detail=detail)
        return False
    if link:
        address = settings.external_url or f"http://{settings.bind}"
        application.say(f"Create the first operator (works once): {address}/panel/first-run/{link}")
    return True


def _upgrade(settings: Settings) -> None:
    """A database of a newer version is left alone: public answers go on, but nothing is ready."""
    try:
        schema.upgrade(settings.resolved_database_url)
    except schema.NewerError as error:
        _log.error("serve.database_newer", detail=str(error))


def _append(portal: Portal, event_type: str, **detail: object) -> None:
    """Into the audit log or its spool; a signal is obeyed even when neither takes it."""
    try:
        portal.core.audit_log.append(event_type, actor="portal serve", **detail)
    except UnrecordedError as error:
        _log.error("serve.unrecorded", detail=str(error))


def _watch(portal: Portal, prepare: Callable[[], bool] | None) -> None:
    """Look for the database's going and coming, beside the supervisor's own loop."""
    watch = Watch(reaches(portal.core.probe_engine), partial(_append, portal))
    while True:
        watch.check()
        if prepare is not None and watch.is_up and prepare():
            prepare = None
        time.sleep(EVERY_SECONDS)
