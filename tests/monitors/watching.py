"""A watch whose looks are told beforehand, on a real database, with a clock that stands."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock
from portal.monitors import queries, states
from portal.monitors.health import Health, Outcome
from portal.monitors.looks import Look, Trace
from portal.monitors.recorder import Recorder
from portal.monitors.rollup import Rollup
from portal.monitors.schemas import MonitorIn
from portal.monitors.states import MonitorSpan
from portal.monitors.watch import Watch
from portal.monitors.watched import Watched
from portal.runtime.episode import Episode
from portal.status.components import ComponentIn
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.sites import Site

BY = By("ada")
FINDS = {
    "up": (Outcome.UP, "200 OK"),
    "slow": (Outcome.DEGRADED, "1240 ms, limit 1000 ms"),
    "down": (Outcome.DOWN, "503 Service Unavailable"),
    "?": (Outcome.UNKNOWN, "This node is offline"),
}


class ScriptedWatch(Watch):
    """Looks find what `finds` says of their monitor."""

    finds: dict[str, str]
    made: int = 0

    @property
    def waiting(self) -> int:
        """How many looks wait to be written."""
        return len(self._batches._done)

    async def look(self, one: Watched) -> Look:
        self.made += 1
        outcome, detail = FINDS[self.finds.get(one.row.slug, "up")]
        ms = None if outcome is Outcome.UNKNOWN else 80.0
        return Look(outcome, clock.now(), ms, detail, Trace())


@dataclass
class Watching:
    """A site with a watch, and ways to let time pass."""

    site: Site
    still: StandingClock
    finds: dict[str, str] = field(default_factory=dict)
    watches: list[ScriptedWatch] = field(default_factory=list)

    def start(self, node: str = "node-a", *, leads: bool = True, **more: Any) -> ScriptedWatch:
        """A worker begins on a node."""
        core, room = self.site.portal.core, self.site.portal.monitors
        recorder = Recorder(lambda: Session(core.engine), node, more.pop("labels", []))
        watch = ScriptedWatch(recorder, room.credentials, room.targets, **more)
        watch.schedule.chance = lambda: 0.5
        watch.leads, watch.finds = leads, self.finds
        self.watches.append(watch)
        return watch

    def stop(self) -> None:
        """All workers end."""
        for watch in self.watches:
            asyncio.run(watch.stop())
        self.watches = []

    def add(self, slug: str = "home", **values: Any) -> None:
        new = {
            "slug": slug,
            "name": slug.capitalize(),
            "kind": "tcp",
            "host": "h.example",
            "port": 1,
        }
        self.site.portal.monitors.acts.add(BY, MonitorIn(**{**new, **values}))
        self.outdate()

    def beat(self, slug: str = "nightly", **values: Any) -> None:
        new = {"slug": slug, "name": slug.capitalize(), "kind": "heartbeat", "period_seconds": 3600}
        values = {"grace_seconds": 600, **values}
        self.site.portal.monitors.acts.add(BY, MonitorIn(**{**new, **values}))
        self.outdate()

    def component(self, slug: str = "website") -> None:
        self.site.portal.status.components.add(BY, ComponentIn(slug=slug, name=slug.capitalize()))

    def outdate(self) -> None:
        for watch in self.watches:
            watch.outdate()

    def run(self, seconds: float, *, step: float = 1.0) -> None:
        """Let time pass, round by round."""

        async def rounds() -> None:
            left = seconds
            while left > 0:
                self.still.advance(seconds=min(step, left))
                left -= step
                for watch in self.watches:
                    await self._round(watch)

        asyncio.run(rounds())

    async def _round(self, watch: ScriptedWatch) -> None:
        now = clock.boot_seconds()
        await watch.listen()
        await watch.step(now)
        if watch._tasks:
            await asyncio.gather(*watch._tasks)
            await watch.settle()
            await watch.step(now)
        await watch.settle()

    def health(self, slug: str = "home") -> Health:
        with self.site.portal.core.open_session() as session:
            row = queries.find(session, slug)
            known = states.by_monitor(session)
            return states.health_at(row, known.get(row.id), now=clock.now())

    def detail(self, slug: str = "home") -> str:
        with self.site.portal.core.open_session() as session:
            return states.by_monitor(session)[queries.find(session, slug).id].detail

    def spans(self, slug: str = "home") -> list[str]:
        with self.site.portal.core.open_session() as session:
            row = queries.find(session, slug)
            found = session.scalars(
                select(MonitorSpan)
                .where(MonitorSpan.monitor_id == row.id)
                .order_by(MonitorSpan.began_at, MonitorSpan.id)
            )
            return [one.health for one in found]

    def episodes(self) -> list[tuple[str, str, bool]]:
        """Alert, monitor, and whether it goes on, the earliest first."""
        with self.site.portal.core.open_session() as session:
            rows = session.scalars(select(Episode).order_by(Episode.opened_at, Episode.id))
            return [(row.alert, row.subject, row.closed_at is None) for row in rows]

    def state_of(self, slug: str = "website") -> str:
        board = self.site.portal.board
        board.refresh()
        components = board.current().picture.components
        return next(one.state.value for one in components if one.slug == slug)

    def query(self, act: Callable[[Session], Any]) -> Any:
        with self.site.portal.core.open_session() as session:
            return act(session)

    def rollup(self) -> Rollup:
        return Rollup(self.site.portal.core.open_session, self.site.settings)
