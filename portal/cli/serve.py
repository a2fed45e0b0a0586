"""`portal serve`."""

import os
import shutil
import sys
import time
from collections.abc import Callable
from functools import partial

import click
import structlog
from apiflask import APIFlask
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import configure_mappers

from portal import IS_CHECKOUT, ROOT, VERSION, create_app, rooms
from portal.accounts import operators
from portal.cli import application, children, front, reload, web, worker
from portal.cli.children import Child, Process
from portal.cli.supervisor import Supervisor
from portal.lifecycle import serving
from portal.rooms import Portal
from portal.settings import Settings
from portal.store import engine, files, schema

_log = structlog.get_logger()
TRY_EVERY_SECONDS = 2.0


@click.command()
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option("--no-worker", is_flag=True, help="do not start the background worker")
@click.option("--upgrade", "upgrades", is_flag=True, help="migrate the database first")
@click.option("--reload", "reloads", is_flag=True, help="restart when code or templates change")
def serve(workers: int, no_worker: bool, upgrades: bool, reloads: bool) -> None:
    """Serve the portal, with one background worker."""
    children.be_called("portal")
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
    files.tighten(settings)
    shutil.rmtree(settings.run_dir, ignore_errors=True)
    (settings.run_dir / "metrics").mkdir(parents=True, exist_ok=True, mode=0o700)
    if workers > 1:
        # The processes, which inherit the environment, share their counters.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(settings.run_dir.resolve() / "metrics")
    app = create_app(settings)
    # Once for all processes, which otherwise do it at their first query.
    configure_mappers()
    portal = rooms.of(app)
    portal.runtime.exporter.state()  # from now on the age of scrapes counts
    _introduce(portal)
    preparation = Preparation(portal, upgrades=upgrades)
    # Without its database the web goes up all the same, and says what is wrong.
    preparation.begin(workers)
    forks = children.CAN_FORK and not reloads
    if forks and preparation.is_done:
        _warm_up(portal)
    web = _forked_web(app, workers) if forks else _spawned_web(settings, workers)
    below = [Child("web", web)]
    if not no_worker:
        below.append(Child("worker", _forked_worker(portal) if forks else _spawned_worker))
    supervisor = Supervisor(portal, below, partial(application.record, portal), preparation.go_on)
    if reloads:
        reload.watch(supervisor.outdate)
    try:
        supervisor.run()
    finally:
        application.record(portal, "runtime.stopped", version=VERSION)


def _warm_up(portal: Portal) -> None:
    """Do once what the processes begin with; the statements and pages that it makes are shared.

    Nothing is left open: who forks may have no connections.
    """
    try:
        portal.board.refresh()
        # Where the database does not answer, nobody waits for it again and again.
        if portal.board.failure is None:
            portal.guard.perimeter.refresh()
            portal.runtime.workers.refresh()
            portal.overview.take()
    except Exception:
        # Whatever it is: the processes begin cold, and say what they meet.
        _log.exception("serve.not_warm")
    finally:
        portal.core.engine.dispose()


def _forked_web(app: APIFlask, workers: int) -> Callable[[], Process]:
    def serve_web() -> None:
        front.main(rooms.of(app).core.settings.bind, workers, partial(web.begin, app))

    return partial(children.fork, "portal front", serve_web)


def _spawned_web(settings: Settings, workers: int) -> Callable[[], Process]:
    # As a file: with `-m` it would load the whole command, which the server does not need.
    command = [sys.executable, "-P", str(front.__file__), settings.bind, str(workers)]
    if IS_CHECKOUT:
        found = filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))
        os.environ["PYTHONPATH"] = os.pathsep.join(found)
    return partial(children.spawn, command)


def _forked_worker(portal: Portal) -> Callable[[], Process]:
    return partial(children.fork, "portal worker", partial(worker.run, portal))


def _spawned_worker() -> Process:
    return children.spawn([sys.executable, "-m", "portal", "worker"])


def _introduce(portal: Portal) -> None:
    """Say where the portal is, and how its figures are read in development."""
    settings = portal.core.settings
    address = settings.external_url or f"http://{settings.bind}"
    application.say(f"Portal {VERSION} on {address}")
    waf = portal.guard.inspection.engine
    _log.info("serve.waf", engine=waf.name, rules=waf.rule_set, library=waf.library)
    if settings.env == "development" and "PORTAL_METRICS_TOKENS" not in os.environ:
        application.say(
            "The metrics token of this development copy, for Prometheus, is in"
            f" {settings.data_dir / 'metrics-token'}; people read the feed with a manual one:"
        )
        manual = settings.data_dir / "oncall-token"
        application.say(
            f'  curl -H "Authorization: Bearer $(cat {manual})" {address}/health/metrics'
        )


class Preparation:
    """What the database wants before it is used, in a process of its own where that can be.

    Migrating takes memory that nothing needs afterwards, and who forks may have no connections.
    """

    def __init__(self, portal: Portal, *, upgrades: bool) -> None:
        self._portal, self._upgrades = portal, upgrades
        self._process: Process | None = None
        self.is_done = False
        self._due = 0.0

    def begin(self, workers: int) -> None:
        """Prepare, and record the start; both are tried before anything is served."""

        def run() -> int:
            code = self._prepare()
            application.record(self._portal, "runtime.started", version=VERSION, workers=workers)
            return code

        self.is_done = self._begun(run).wait() == 0

    def go_on(self) -> None:
        """Where it could not be done yet: try again every few seconds, beside all else."""
        if self.is_done:
            return
        if self._process is not None:
            code = self._process.poll()
            if code is None:
                return
            self.is_done, self._process = code == 0, None
            self._due = time.monotonic() + TRY_EVERY_SECONDS
        elif time.monotonic() >= self._due:
            try:
                self._process = self._begun(partial(self._prepare, is_again=True))
            except OSError as error:
                # No process to be had at the moment.
                _log.warning("serve.cannot_fork", error=error.strerror)
                self._due = time.monotonic() + TRY_EVERY_SECONDS

    def _begun(self, run: Callable[[], int]) -> Process:
        if children.CAN_FORK:
            return children.fork("portal prepare", run)
        return children.Done(run())

    def _prepare(self, *, is_again: bool = False) -> int:
        prepared = _prepare_database(self._portal, upgrades=self._upgrades, is_again=is_again)
        return 0 if prepared else 1


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
