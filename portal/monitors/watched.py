"""A monitor as the portal worker holds it in memory: what to do, and what is known."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from portal import clock
from portal.monitors import judging
from portal.monitors.health import Health
from portal.monitors.heartbeats import Beat, Blind, Heartbeat
from portal.monitors.judging import Judgement, Rule
from portal.monitors.kinds.heartbeat import HeartbeatConfig
from portal.monitors.kinds.table import config_of
from portal.monitors.looking import Plan
from portal.monitors.monitor import Kind, Monitor
from portal.monitors.states import MonitorState

_NEVER = datetime.min.replace(tzinfo=UTC)
BLIND_KEPT = timedelta(days=400)


@dataclass
class Watched:
    """One monitor; `views` are the judgements of the nodes, by their number."""

    row: Monitor
    plan: Plan
    rule: Rule
    health: Health = Health.UNKNOWN
    since: datetime | None = None
    detail: str = ""
    # What it would be without a dependency or a quorum that is not there.
    views: dict[int, Judgement] = field(default_factory=dict)
    details: dict[int, str] = field(default_factory=dict)
    beat: Beat | None = None
    beats_until: datetime | None = None
    # It is not well, and no alert is open: of a planned maintenance, or until the next round.
    is_silenced: bool = False
    # Looks from before that count no more.
    begun_at: datetime | None = None

    @property
    def id(self) -> int:
        return self.row.id

    @property
    def has_one_looker(self) -> bool:
        return self.row.nodes in ("any", "leader")

    def settled(self, now: datetime, nodes: Container[int]) -> dict[int, Judgement]:
        """What the nodes see at an instant; where only one looks, what the latest look says."""
        # A copy: the event loop takes in the next look meanwhile.
        views = {
            number: judging.settled(one, self.rule, now)
            for number, one in list(self.views.items())
            if number in nodes
        }
        if self.has_one_looker and len(views) > 1:
            latest = latest_of(views)
            return {latest: views[latest]}
        return views

    def is_suspect(self, now: datetime, nodes: Container[int]) -> bool:
        """Whether a node that is there saw it fail, and has not decided whether it is down."""
        return any(one.is_undecided for one in self.settled(now, nodes).values())

    def judgement(self, node: int) -> Judgement:
        """What a node's next look is held against: what it saw, or who looked before it."""
        views = dict(self.views)
        if self.has_one_looker and views:
            return views[latest_of(views)]
        return views.get(node, Judgement())

    def listen(self, heartbeat: Heartbeat, blind: list[Blind]) -> None:
        """Take in what came in at a heartbeat's address."""
        config = self.plan.config
        assert isinstance(config, HeartbeatConfig)
        self.beat = Beat(
            grace=timedelta(seconds=config.grace_seconds),
            period=timedelta(seconds=config.period_seconds) if config.period_seconds else None,
            schedule=config.schedule or "",
            zone=config.zone,
            pinged_at=heartbeat.pinged_at,
            started_at=heartbeat.started_at,
            exit_code=heartbeat.exit_code,
            blind=tuple(blind),
        )
        self.beats_until = None

    def blinded(self, began_at: datetime, ended_at: datetime) -> None:
        """Nobody listened for it in this time."""
        if self.beat is not None and ended_at > began_at:
            kept = [one for one in self.beat.blind if ended_at - one.ended_at < BLIND_KEPT]
            self.beat = replace(self.beat, blind=(*kept[-20:], Blind(began_at, ended_at)))
            self.beats_until = None


def latest_of(views: Mapping[int, Judgement]) -> int:
    """The node that looked last."""
    return max(views, key=lambda number: views[number].looked_at or _NEVER)


def watched_again(row: Monitor, before: Watched | None, state: MonitorState | None) -> Watched:
    """A monitor as it was read, with what was seen of it in memory."""
    one = Watched(row, plan_of(row), row.rule)
    if state is None:
        return one
    one.health, one.since, one.detail = Health(state.health), state.since, state.detail
    if before is not None and _is_begun_anew(row, before, state):
        one.begun_at = row.updated_at
    elif before is not None:
        one.views, one.details, one.begun_at = before.views, before.details, before.begun_at
    return one


def _is_begun_anew(row: Monitor, before: Watched, state: MonitorState) -> bool:
    """Whether it was paused, resumed or aimed elsewhere: what was seen before counts no more."""
    if row.is_paused or row.is_paused is not before.row.is_paused:
        return True
    if row.config != before.row.config:
        return True
    if state.looked_at is not None or state.since is None:
        return False
    looks = [view.tail[0].at for view in list(before.views.values()) if view.tail]
    return any(at < state.since for at in looks)


def plan_of(row: Monitor) -> Plan:
    """What a look needs of a monitor."""
    return Plan(
        kind=Kind(row.kind),
        config=config_of(row.kind, row.config),
        timeout_seconds=row.timeout_seconds,
        is_inverted=row.is_inverted,
        latency_limit_ms=row.latency_limit_ms,
        certificate_days=row.certificate_days,
        is_free=row.is_free,
    )


def blind_times(stored: list[list[float]]) -> list[Blind]:
    return [Blind(clock.at(begin), clock.at(end)) for begin, end in stored]


def stored_blind(beat: Beat | None) -> list[Any]:
    if beat is None:
        return []
    return [[one.began_at.timestamp(), one.ended_at.timestamp()] for one in beat.blind]
