"""Monitors beside the rounds: a thread with an event loop, while there is something to watch."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal import clock
from portal.monitors.monitor import Monitor
from portal.rooms import Portal
from portal.store import changes, lease, revision
from portal.worker import leadership
from portal.worker.delivery import RENEW_EVERY
from portal.worker.leadership import MONITORS

if TYPE_CHECKING:
    from portal.monitors.rollup import Rollup

_log = structlog.get_logger()
FAILED_PAUSE_SECONDS = 5.0
_Found = TypeVar("_Found")


def run(portal: Portal, holder: str, stop: threading.Event) -> None:
    """Until told to stop: wait for a first monitor, then watch for as long as there is one."""
    monitoring = Monitoring(portal, holder, stop)
    while not monitoring.is_over:
        try:
            if monitoring.has_monitors():
                # An event loop, and what looks, only where something is looked at.
                asyncio.run(monitoring.watch())
        except SQLAlchemyError as error:
            _say(error)
        except Exception:
            # Whatever it is, it may pass, and until then nothing is known.
            _log.exception("worker.monitoring_failed")
            stop.wait(FAILED_PAUSE_SECONDS)
        stop.wait(1.0)
    monitoring.close()


def _say(error: SQLAlchemyError) -> None:
    if isinstance(error, lease.LeaseLostError):
        _log.warning("worker.lease_lost", lease=MONITORS)
    else:
        _log.warning("worker.database_unreachable", error=type(error).__name__)


class _RollupTask:
    """Figures are made beside the looks, which wait for nothing."""

    _task: asyncio.Task[None] | None = None

    def __init__(self, beside: Callable[[Callable[[], None]], Awaitable[None]]) -> None:
        self._beside = beside

    def begin(self, rollup: "Rollup") -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(rollup))

    async def _run(self, rollup: "Rollup") -> None:
        try:
            await self._beside(partial(rollup.run, now=clock.now()))
        except SQLAlchemyError as error:
            _say(error)

    async def end(self) -> None:
        if self._task is not None:
            await self._task


class Monitoring:
    """The watch of this node, with its lease."""

    def __init__(self, portal: Portal, holder: str, stop: threading.Event) -> None:
        self._portal, self._holder, self._stop = portal, holder, stop
        self._changes = changes.of(portal.core.settings.resolved_database_url)
        self._fence = lease.Fence()
        # One for figures, which take long, and one for the lease, which must not wait for them.
        self._threads = ThreadPoolExecutor(2, "monitor-database")
        self._led_at = self._asked_at = float("-inf")
        self._revision: int | None = None
        self._count: int | None = None

    @property
    def is_over(self) -> bool:
        return self._stop.is_set() or self._portal.lifecycle.phases.is_leaving

    def has_monitors(self) -> bool:
        """Whether there is one; asked only where somebody wrote."""
        if self._count is None or self._is_to_ask():
            self._ask()
        return bool(self._count)

    async def watch(self) -> None:
        """Watch until there is nothing left to be watched, or the worker stops."""
        # Loaded here: a portal without monitors needs none of it.
        from portal.monitors.recorder import Recorder
        from portal.monitors.rollup import Rollup
        from portal.monitors.watch import Watch

        portal, settings = self._portal, self._portal.core.settings
        node = settings.node_name or socket.gethostname()

        def open_session() -> Session:
            return Session(portal.core.engine, info={"fence": self._fence})

        watch = Watch(
            Recorder(open_session, node, list(settings.node_labels)),
            portal.monitors.credentials,
            portal.monitors.targets,
            reference=settings.monitor_reference,
        )
        rollup, known = Rollup(open_session, settings), self._revision
        rollups = _RollupTask(self._beside)

        async def before() -> bool:
            nonlocal known
            if self.is_over:
                return False
            now = clock.boot_seconds()
            if now - self._led_at >= RENEW_EVERY.total_seconds():
                self._led_at = now
                led = await self._beside(self._lead)
                if led != watch.leads:
                    watch.leads = led
                    watch.outdate()
            if self._is_to_ask():
                await self._beside(self._ask)
                if self._revision != known:
                    known = self._revision
                    watch.outdate()
                await watch.listen()
            if watch.leads and rollup.is_due(clock.now()):
                rollups.begin(rollup)
            return bool(self._count)

        try:
            await watch.run(before)
        finally:
            await rollups.end()
            await self._beside(self._give_back)

    async def _beside(self, act: Callable[[], _Found]) -> _Found:
        """Do it beside the loop, in threads in which no name server is waited for."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, act)

    def close(self) -> None:
        self._changes.close()
        self._threads.shutdown()

    def _is_to_ask(self) -> bool:
        now = clock.boot_seconds()
        if not self._changes.are_there() and now - self._asked_at < self._changes.ask_every:
            return False
        self._asked_at = now
        return True

    def _ask(self) -> None:
        """How many monitors look, and the number that their changes raise; one statement."""
        number = select(revision.Revision.number).where(revision.Revision.id == revision.MONITORS)
        count = select(func.count(Monitor.id)).where(Monitor.is_paused.is_(False))
        with Session(self._portal.core.engine) as session:
            row = session.execute(select(number.scalar_subquery(), count.scalar_subquery())).one()
        self._revision, self._count = row

    def _lead(self) -> bool:
        return leadership.lead(self._portal.core, self._holder, MONITORS, self._fence)

    def _give_back(self) -> None:
        self._led_at = float("-inf")
        if self._fence.held is not None:
            try:
                leadership.give_back(self._portal.core, self._fence.held)
            except SQLAlchemyError as error:
                _say(error)
            self._fence.held = None
