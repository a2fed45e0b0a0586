"""What the pages of monitors show: rows of the list, and one monitor with all that is known."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.monitors import alerts, charts, node_views, queries, states, uptime
from portal.monitors.charts import Period
from portal.monitors.figures import Figure
from portal.monitors.health import Health, Outcome, of
from portal.monitors.heartbeats import Heartbeat
from portal.monitors.kinds.table import config_of
from portal.monitors.monitor import Monitor
from portal.monitors.node_views import MonitorView
from portal.monitors.nodes import MonitorNode
from portal.monitors.public_views import UPTIME_DAYS
from portal.monitors.schemas import MonitorOut
from portal.monitors.shown import last_evidence
from portal.monitors.states import MonitorSpan, MonitorState
from portal.monitors.uptime import Planned, Stretch
from portal.runtime import episodes
from portal.runtime.episode import Episode
from portal.status import windows
from portal.status.components import Component
from portal.web import current, drawing
from portal.web.drawing import Drawing, Spark
from portal.web.panel import paging

_ORDER = {Health.DOWN: 0, Health.DEGRADED: 1, Health.UNKNOWN: 2, Health.UP: 3}
MOST_SPANS = 12


@dataclass(frozen=True)
class Choice:
    """How the list is narrowed: a state or `paused`, a kind, and words."""

    state: str = ""
    kind: str = ""
    words: str = ""


class Row(NamedTuple):
    """A monitor as the list reads it."""

    row: Monitor
    state: MonitorState | None
    heard: Heartbeat | None
    component: str

    def fits(self, chosen: Choice) -> bool:
        """Whether it has the kind and all the words of a choice."""
        row = self.row
        text = f"{row.name} {row.slug} {config_of(row.kind, row.config).target}"
        text = f"{text} {row.component or ''} {self.component}".lower()
        has_words = all(word in text for word in chosen.words.lower().split())
        return chosen.kind in ("", row.kind) and has_words

    def health(self, now: datetime) -> Health:
        return states.health_at(self.row, self.state, now=now)

    def word(self, now: datetime) -> str:
        """The state that the list goes by."""
        return "paused" if self.row.is_paused else self.health(now).value


@dataclass(frozen=True)
class Line:
    """A row of the list."""

    row: Monitor
    word: str
    since: datetime | None
    target: str
    component: str
    state: MonitorState | None
    heard: Heartbeat | None
    spark: Spark | None
    uptime: float | None
    in_maintenance: bool


@dataclass(frozen=True)
class ListPage:
    """A page of the list, with how many there are of each state."""

    lines: list[Line]
    counts: Counter[str]
    total: int
    nodes: int
    has_any: bool


def listed(session: Session, chosen: Choice, *, now: datetime, offset: int = 0) -> ListPage:
    """The monitors of a choice, the worst first; how many there are of each state."""
    rows, nodes = _rows(session, now)
    kept = [one for one in rows if one.fits(chosen)]
    found = [one for one in kept if chosen.state in ("", one.word(now))]
    found.sort(key=lambda one: (one.row.is_paused, _ORDER[one.health(now)], one.row.name))
    shown = found[offset : offset + paging.LIMIT]
    ids, since = [one.row.id for one in shown], now - timedelta(days=UPTIME_DAYS)
    drawn = charts.of_monitors(session, ids, Period.DAY, now=now, with_latest=False)
    spans = _by_monitor(states.spans(session, ids, since=since))
    planned = _planned(session, since, now)
    lines = [
        _line(one, drawn.get(one.row.id, []), spans.get(one.row.id, []), planned, since, now)
        for one in shown
    ]
    return ListPage(lines, Counter(one.word(now) for one in kept), len(found), nodes, bool(rows))


def _rows(session: Session, now: datetime) -> tuple[list[Row], int]:
    """All monitors with what the list says of them, and how many nodes look; one statement."""
    there = select(func.count()).where(MonitorNode.seen_at > now - timedelta(seconds=90))
    query = (
        select(Monitor, MonitorState, Heartbeat, Component.name, there.scalar_subquery())
        .outerjoin(MonitorState, MonitorState.monitor_id == Monitor.id)
        .outerjoin(Heartbeat, Heartbeat.monitor_id == Monitor.id)
        .outerjoin(Component, Component.slug == Monitor.component)
    )
    found = session.execute(query).all()
    rows = [Row(row, state, heard, name or "") for row, state, heard, name, _ in found]
    return rows, found[0][4] if found else 0


def _line(
    one: Row,
    figures: list[tuple[datetime, Figure]],
    spans: list[MonitorSpan],
    planned: dict[str, list[Planned]],
    since: datetime,
    now: datetime,
) -> Line:
    row, windows = one.row, planned.get(one.row.component or "", [])
    day = now - Period.DAY.length
    drawn = drawing.spark(figures, since=day, until=now, step=Period.DAY.step)
    return Line(
        row=row,
        word=one.word(now),
        since=states.since_at(row, one.state, now=now),
        target=config_of(row.kind, row.config).target,
        component=one.component,
        state=one.state,
        heard=one.heard,
        spark=None if row.is_heartbeat else drawn,
        uptime=uptime.uptime(
            stretches(row, one.state, spans, now=now), windows, since=since, now=now
        ),
        in_maintenance=any(each.began_at <= now < each.ended_at for each in windows),
    )


def _by_monitor(spans: list[MonitorSpan]) -> dict[int, list[MonitorSpan]]:
    found: dict[int, list[MonitorSpan]] = {}
    for one in spans:
        found.setdefault(one.monitor_id, []).append(one)
    return found


def stretches(
    row: Monitor, state: MonitorState | None, spans: list[MonitorSpan], *, now: datetime
) -> list[Stretch]:
    """Spans as they are at an instant: what nobody confirms any more is unknown since then."""
    health, since = states.health_at(row, state, now=now), states.since_at(row, state, now=now)
    found = [Stretch(Health(one.health), one.began_at, one.ended_at) for one in spans]
    return uptime.confirmed(found, health, since)


def _planned(session: Session, since: datetime, now: datetime) -> dict[str, list[Planned]]:
    """Planned maintenance by component."""
    found: dict[str, list[Planned]] = {}
    for row in windows.between(session, since, now):
        begin, end = row.starts_at, row.ended_at or row.ends_at
        for slug in row.components:
            found.setdefault(slug, []).append(Planned(begin, end))
    return found


@dataclass(frozen=True)
class Seen:
    """What a node sees."""

    node: str
    outcome: Health
    detail: str
    at: datetime


@dataclass(frozen=True)
class OnePage:
    """One monitor with all that is known of it."""

    shown: MonitorOut
    target: str
    component: str
    has_badge: bool
    period: Period
    periods: list[tuple[Period, str]]
    drawing: Drawing | None
    spans: list[Stretch]
    details: dict[datetime, str]
    uptimes: list[tuple[int, float | None]]
    seen: list[Seen]
    good: dict[str, object] | None
    episode: Episode | None
    paused: bool


def one(session: Session, row: Monitor, period: Period, *, now: datetime) -> OnePage:
    """A monitor, with response times over a period."""
    room = current().monitors
    state, heard = session.get(MonitorState, row.id), session.get(Heartbeat, row.id)
    seen = node_views.of(session, [row.id])
    names = {node.id: node.name for node in session.scalars(select(MonitorNode))}
    quarter = now - timedelta(days=90)
    spans = states.spans(session, [row.id], since=quarter)
    found = stretches(row, state, spans, now=now)
    planned = _planned(session, quarter, now).get(row.component or "", [])
    drawn = None
    if not row.is_heartbeat:
        figures = charts.of_monitors(session, [row.id], period, now=now).get(row.id, [])
        drawn = drawing.chart(
            figures,
            since=now - period.length,
            until=now,
            step=period.step,
            stretches=found,
            planned=planned,
        )
    component = session.scalar(select(Component).where(Component.slug == row.component))
    return OnePage(
        shown=room.shown.out(row, state, heard, last_evidence(seen, names), now=now),
        target=config_of(row.kind, row.config).target,
        component=component.name if component is not None else "",
        has_badge=row.shows_latency and component is not None and component.is_public,
        period=period,
        periods=[
            (Period.HOURS, "6 hours"),
            (Period.DAY, "Day"),
            (Period.WEEK, "Week"),
            (Period.QUARTER, "90 days"),
        ],
        drawing=drawn,
        spans=sorted(found, key=lambda one: one.began_at, reverse=True)[:MOST_SPANS],
        details={span.began_at: span.detail for span in spans},
        uptimes=[
            (days, uptime.uptime(found, planned, since=now - timedelta(days=days), now=now))
            for days in (7, 30, 90)
        ],
        seen=[_seen(view, names) for view in seen],
        good=next((view.good for view in seen if view.good), None),
        episode=_episode(session, row.slug),
        paused=row.is_paused,
    )


def _seen(view: MonitorView, names: dict[int, str]) -> Seen:
    name = names.get(view.node_id, "?")
    return Seen(name, of(Outcome(view.outcome)), view.detail, view.looked_at)


def _episode(session: Session, slug: str) -> Episode | None:
    for alert in (alerts.DOWN, alerts.DEGRADED):
        row = episodes.open_one(session, alert, slug)
        if row is not None:
            return row
    return None


def free_slug(session: Session, slug: str) -> str:
    """A slug for a copy that nothing has yet."""
    stem, number = slug[:52].rstrip("-"), 2
    while queries.find(session, f"{stem}-{number}") is not None:
        number += 1
    return f"{stem}-{number}"
