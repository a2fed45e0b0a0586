"""Batches: looks that are done are written by a thread while others go on, one batch at a time.

Without a database they wait, as far as they are recent.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial

import structlog
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from portal import clock
from portal.monitors.looks import Look
from portal.monitors.recorder import Recorder
from portal.store.lease import LeaseLostError

_log = structlog.get_logger()
EVERY_SECONDS = 2.0
PATIENCE_SECONDS = 5.0
MOST_WAITING = 8000


class Batches:
    """What waits to be written; `leads` says whether this node writes what follows, too."""

    def __init__(
        self,
        recorder: Recorder,
        writer: Executor,
        *,
        on_outdated: Callable[[], object],
        on_public: Callable[[], object],
    ) -> None:
        self._recorder, self._writer = recorder, writer
        self._on_outdated, self._on_public = on_outdated, on_public
        self._done: list[tuple[int, Look]] = []
        self._writing: asyncio.Task[None] | None = None
        self._written_at = float("-inf")
        self.leads = False
        self.is_urgent = False
        # Whether what is written was refused once before.
        self._is_repeated = False

    def add(self, monitor_id: int, look: Look) -> None:
        self._done.append((monitor_id, look))

    def flush(self, now: float) -> None:
        """Hand on what is done, while looks go on."""
        if self._writing is not None and not self._writing.done():
            return
        due = now - self._written_at >= EVERY_SECONDS
        waits = self._done or (self.leads and self._recorder.is_anything_due(clock.now()))
        if not (self.is_urgent and now >= self._written_at) and not (due and waits):
            return
        self._written_at, self.is_urgent = now, False
        self._writing = asyncio.create_task(self._write_or_keep(self._take(), now))

    async def settle(self) -> None:
        """Wait for the batch that is being written."""
        if self._writing is not None:
            await self._writing

    async def finish(self) -> None:
        """Write what is left."""
        await self.settle()
        if self._done:
            await self._write_or_keep(self._take(), clock.boot_seconds())
        if self._done and self._is_repeated:
            await self._write_or_keep(self._take(), clock.boot_seconds())

    def wait_from(self, now: float) -> None:
        """The database is away: try again later."""
        self._written_at = now + PATIENCE_SECONDS

    async def _write_or_keep(self, done: list[tuple[int, Look]], now: float) -> None:
        try:
            await self._write(done)
        except IntegrityError as error:
            self._on_outdated()
            if not self._is_repeated:
                # A monitor was removed just now, and is left out the next time.
                self._is_repeated, self.is_urgent = True, True
                self._done = done + self._done
                return
            # It would fail each time.
            self._is_repeated = False
            _log.warning("monitor.looks_dropped", looks=len(done), error=str(error.orig)[:200])
        except SQLAlchemyError as error:
            # They are written when the database is there again, as far as they are recent.
            self._done = (done + self._done)[-MOST_WAITING:]
            # What was concluded was not stored: begin from what is.
            self._on_outdated()
            if isinstance(error, LeaseLostError):
                self.leads = False
                return
            _log.warning("monitor.database_unreachable", error=type(error).__name__)
            self.wait_from(now)
        except Exception:
            # A fault of ours: with other looks it may pass.
            _log.exception("monitor.recording_failed", looks=len(done))
            self._on_outdated()

    def _take(self) -> list[tuple[int, Look]]:
        done, self._done = self._done, []
        return done

    async def _write(self, done: list[tuple[int, Look]]) -> None:
        record = partial(
            self._recorder.record,
            done,
            now=clock.now(),
            leads=self.leads,
            reads_others=len(self._recorder.present) > 1,
        )
        is_public = await asyncio.get_running_loop().run_in_executor(self._writer, record)
        self._is_repeated = False
        if self._recorder.is_outdated:
            self._done = self._recorder.left_out + self._done
            self._on_outdated()
            self.is_urgent = True
        if is_public:
            self._on_public()
