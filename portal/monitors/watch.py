"""The watch: one event loop that makes the looks of a node and hands them on to be recorded.

Looks begin when they are due, on a clock that nobody sets. When the node slept, or the loop was
held up, what was under way says nothing about its targets and is thrown away. Looks are recorded
by a thread beside the loop, one batch after the other.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from portal import clock
from portal.monitors import lookers, looking
from portal.monitors.batches import Batches
from portal.monitors.credentials import Credentials, UnreadableError
from portal.monitors.figures import quantile
from portal.monitors.health import Outcome
from portal.monitors.looks import Look, Trace
from portal.monitors.recorder import Recorder
from portal.monitors.reference import Reference
from portal.monitors.schedule import AGAIN_SECONDS, Schedule
from portal.monitors.targets import Targets
from portal.monitors.watched import Watched
from portal.settings.monitors import Endpoint

_log = structlog.get_logger()
MOST_AT_ONCE = 400
FRESH = timedelta(seconds=10)
MOST_FRESH = 50
NAME_THREADS = 16
# So late is no round of a loop that runs: the node slept, or was stopped.
SLEPT_SECONDS = 15.0
# A network needs so long after a sleep.
WAKE_SECONDS = 5.0
REPORT_SECONDS = 20.0


class Watch:
    """Looks of one node. `step` is one round of it; `leads` says whether it leads by now."""

    def __init__(
        self,
        recorder: Recorder,
        credentials: Credentials,
        targets: Targets,
        *,
        reference: tuple[Endpoint, ...] = (),
        on_public: Callable[[], object] = lambda: None,
    ) -> None:
        self.recorder, self._credentials, self._targets = recorder, credentials, targets
        self._reference = Reference(reference, targets)
        self.schedule = Schedule()
        self.lateness: deque[float] = deque(maxlen=5000)
        self.looks = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._at_once = asyncio.Semaphore(MOST_AT_ONCE)
        self._writer = ThreadPoolExecutor(1, "monitor-records")
        self._names = ThreadPoolExecutor(NAME_THREADS, "monitor-names")
        self._batches = Batches(
            recorder, self._writer, on_outdated=self.outdate, on_public=on_public
        )
        self._epoch = 0
        self._reported_at = float("-inf")
        self._is_loaded = False

    @property
    def leads(self) -> bool:
        """Whether this node leads by now."""
        return self._batches.leads

    @leads.setter
    def leads(self, is_leading: bool) -> None:
        self._batches.leads = is_leading

    def outdate(self) -> None:
        """Monitors were changed: read them again."""
        self._is_loaded = False

    async def run(self, before: Callable[[], Awaitable[bool]]) -> None:
        """Round after round, for as long as `before` says so at the beginning of each."""
        # The event loop looks up names in it; whatever else takes its time has threads of its own.
        asyncio.get_running_loop().set_default_executor(self._names)
        last = clock.boot_seconds()
        while await before():
            now = clock.boot_seconds()
            if now - last > SLEPT_SECONDS:
                self.wake(now)
            last = now
            await self.step(now)
            due = self.schedule.next_due()
            wait = 0.25 if due is None else min(0.25, due - clock.boot_seconds())
            await asyncio.sleep(max(0.001, wait))
        await self.stop()

    async def listen(self) -> None:
        """Somebody wrote to the database: perhaps a heartbeat came in."""
        if self._is_loaded and self.leads and self.recorder.has_heartbeats:
            loop = asyncio.get_running_loop()
            if await loop.run_in_executor(self._writer, self.recorder.has_heard):
                self._batches.is_urgent = True

    async def step(self, now: float) -> None:
        """Begin what is due, and record what is done."""
        try:
            await self._load(now)
            for monitor_id, due in self.schedule.take(now):
                self._begin(monitor_id, due, now)
            self._batches.flush(now)
        except SQLAlchemyError as error:
            _log.warning("monitor.database_unreachable", error=type(error).__name__)
            self._batches.wait_from(now)

    def wake(self, now: float) -> None:
        """After a sleep nothing that was under way counts; looks begin once the net is back."""
        self.forget()
        self.schedule = Schedule()
        self._plan(now + WAKE_SECONDS)

    def forget(self) -> None:
        """Throw away what is under way: it waited for other things than its targets."""
        self._epoch += 1
        for task in self._tasks:
            task.cancel()

    async def stop(self) -> None:
        """Cancel what is under way and record what is done."""
        self.forget()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._batches.finish()
        late = sorted(self.lateness) or [0.0]
        _log.info(
            "monitor.watch_stopped",
            looks=self.looks,
            late_p99_ms=round(quantile(late, 0.99) * 1000, 1),
            late_most_ms=round(late[-1] * 1000, 1),
        )
        self._writer.shutdown()
        self._names.shutdown(wait=False, cancel_futures=True)

    async def settle(self) -> None:
        """Wait for the batch that is being written."""
        await self._batches.settle()

    async def _load(self, now: float) -> None:
        if self._is_loaded and now - self._reported_at < REPORT_SECONDS:
            return
        loop, moment = asyncio.get_running_loop(), clock.now()
        act = self.recorder.report if self._is_loaded else self.recorder.load
        before, self._is_loaded = self._is_loaded, True
        try:
            # Who outdates it meanwhile wants it read once more.
            await loop.run_in_executor(self._writer, partial(act, now=moment))
        except BaseException:
            self._is_loaded = before and self._is_loaded
            raise
        self._reported_at = now
        self._plan(now)

    def _plan(self, now: float) -> None:
        """Plan the looks that are this node's, and no others."""
        moment = clock.now()
        mine = {one.id: one for one in self.recorder.watched.values() if self._is_mine(one)}
        self.schedule.keep(set(mine))
        under_way = {int(one.get_name()) for one in self._tasks if not one.cancelling()}
        # What was made or changed just now is looked at just now, unless it is a flood.
        fresh = {number for number, one in mine.items() if moment - one.row.updated_at < FRESH}
        if len(fresh) > MOST_FRESH:
            fresh.clear()
        for number, one in mine.items():
            if number in under_way:
                continue
            view = one.views.get(self.recorder.node_id)
            last = view.looked_at if view else None
            self.schedule.begin(
                number,
                now=now,
                interval=one.rule.interval_seconds,
                age=(moment - last).total_seconds() if last else None,
                at_once=number in fresh,
            )

    def _is_mine(self, one: Watched) -> bool:
        me, present = self.recorder.node_id, self.recorder.present
        return lookers.is_mine(one.row, me, present, leads=self.leads)

    def _begin(self, monitor_id: int, due: float, now: float) -> None:
        one = self.recorder.one(monitor_id)
        if one is None or not self._is_mine(one):
            return
        self.lateness.append(now - due)
        self.looks += 1
        task = asyncio.create_task(self._look(one, due, self._epoch), name=str(monitor_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look(self, one: Watched, due: float, epoch: int) -> None:
        interval = float(one.rule.interval_seconds)
        async with self._at_once:
            found = await self.look(one)
        if epoch != self._epoch:
            return
        now, known = clock.boot_seconds(), self.recorder.one(one.id)
        if known is None:
            return
        self.schedule.follow(one.id, due, now=now, interval=interval)
        if known.plan != one.plan:
            # It was aimed elsewhere meanwhile.
            self.schedule.sooner(one.id, now)
            return
        self._batches.add(one.id, found)
        self.recorder.judge([(one.id, found)])
        if found.outcome is Outcome.DOWN:
            self._hasten(one, now, interval)

    def _hasten(self, one: Watched, now: float, interval: float) -> None:
        """Look again at once until it is decided; at what it depends on too."""
        judgement = one.views.get(self.recorder.node_id)
        if judgement is not None and judgement.health.outcome is not Outcome.DOWN:
            self.schedule.sooner(one.id, now + min(AGAIN_SECONDS, interval))
        else:
            self._batches.is_urgent = True
        for slug in one.row.depends_on:
            parent = self.recorder.watched.get(slug)
            if parent is not None and parent.health.outcome is not Outcome.DOWN:
                self.schedule.sooner(parent.id, now)

    async def look(self, one: Watched) -> Look:
        """One look; a failure while the node is offline says nothing about the target."""
        try:
            credentials = self._credentials.decrypt(one.row.credentials)
        except UnreadableError as error:
            return Look(Outcome.UNKNOWN, clock.now(), None, str(error), Trace())
        found = await looking.look(one.plan, self._targets, credentials)
        if found.outcome is Outcome.DOWN and await self._reference.is_offline():
            said = f"This node is offline ({found.detail})"
            return Look(Outcome.UNKNOWN, found.at, None, said[:200], found.trace)
        return found
