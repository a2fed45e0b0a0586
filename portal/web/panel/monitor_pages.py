"""What the pages of monitors show: rows of the list, and one monitor with all that is known."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.monitors import charts, queries, states, uptime, views
from portal.monitors.charts import Period
from portal.monitors.health import Health, Outcome, of
from portal.monitors.heartbeats import Heartbeat
from portal.monitors.kinds.table import TABLE, config_of
from portal.monitors.monitor import Kind, Monitor
from portal.monitors.nodes import MonitorNode
from portal.monitors.schemas import MonitorOut
from portal.monitors.shown import last_evidence
from portal.monitors.states import MonitorSpan, MonitorState
from portal.monitors.uptime import Planned, Stretch
from portal.monitors.views import MonitorView
from portal.runtime import episodes
from portal.runtime.episodes import Episode
from portal.status import windows
from portal.status.components import Component
from portal.web import current, drawing
from portal.web.drawing import Drawing, Spark

_ORDER = {Health.DOWN: 0, Health.DEGRADED: 1, Health.UNKNOWN: 2, Health.UP: 3}
UPTIME_DAYS = 30
MOST_SPANS = 12
MOST_ROWS = 100


@dataclass(frozen=True)
class Choice:
    """How the list is narrowed: a state or `paused`, a kind, and words."""

    state: str = ""
    kind: str = ""
    words: str = ""


@dataclass(frozen=True)
class Line:
    """A row of the list."""

    row: Monitor
    health: Health
    since: datetime | None
    target: str
    component: str
    state: MonitorState | None
    heard: Heartbeat | None
    spark: Spark | None
    uptime: float | None
    in_maintenance: bool

    @property
    def word(self) -> str:
        """The state that the list goes by."""
        return "paused" if self.row.is_paused else self.health.value


@dataclass(frozen=True)
class ListPage:
    lines: list[Line]
    counts: Counter[str]
    total: int
    nodes: int


def listed(session: Session, chosen: Choice, *, now: datetime) -> ListPage:
    """The monitors of a choice, the worst first; how many there are of each state."""
    rows, known = queries.every(session), states.by_monitor(session)
    names = _names(session)
    kept = [row for row in rows if _fits(row, names, chosen)]
    health = {row.id: states.health_at(row, known.get(row.id), now=now) for row in kept}
    words = {row.id: "paused" if row.is_paused else health[row.id].value for row in kept}
    found = [row for row in kept if chosen.state in ("", words[row.id])]
    found.sort(key=lambda row: (row.is_paused, _ORDER[health[row.id]], row.name))
    shown = found[:MOST_ROWS]
    ids = [row.id for row in shown]
    heard = {row.monitor_id: row for row in session.scalars(select(Heartbeat))}
    day = now - Period.DAY.length
    drawn = charts.of_monitors(session, ids, Period.DAY, now=now)
    since = now - timedelta(days=UPTIME_DAYS)
    spans = _by_monitor(states.spans(session, ids, since=since))
    planned = _planned(session, since, now)
    running = {slug for row in windows.running(session, now=now) for slug in row.components}
    lines = [
        Line(
            row=row,
            health=health[row.id],
            since=states.since_at(row, known.get(row.id), now=now),
            target=config_of(row.kind, row.config).target,
            component=names.get(row.component or "", row.component or ""),
            state=known.get(row.id),
            heard=heard.get(row.id),
            spark=None
            if row.is_heartbeat
            else drawing.spark(drawn.get(row.id, []), since=day, until=now, step=Period.DAY.step),
            uptime=uptime.uptime(
                stretches(row, known.get(row.id), spans.get(row.id, []), now=now),
                planned.get(row.component or "", []),
                since=since,
                now=now,
            ),
            in_maintenance=row.component in running,
        )
        for row in shown
    ]
    nodes = session.scalars(select(MonitorNode)).all()
    there = sum(node.seen_at > now - timedelta(seconds=90) for node in nodes)
    return ListPage(lines, Counter(words.values()), len(found), there)


def _names(session: Session) -> dict[str, str]:
    """The names of components by their slugs."""
    pairs = session.execute(select(Component.slug, Component.name))
    return {row[0]: row[1] for row in pairs}


def _fits(row: Monitor, names: dict[str, str], chosen: Choice) -> bool:
    if chosen.kind and row.kind != chosen.kind:
        return False
    text = f"{row.name} {row.slug} {config_of(row.kind, row.config).target}"
    text = f"{text} {row.component or ''} {names.get(row.component or '', '')}".lower()
    return all(word in text for word in chosen.words.lower().split())


def _by_monitor(spans: list[MonitorSpan]) -> dict[int, list[MonitorSpan]]:
    found: dict[int, list[MonitorSpan]] = {}
    for one in spans:
        found.setdefault(one.monitor_id, []).append(one)
    return found


def stretches(
    row: Monitor, state: MonitorState | None, spans: list[MonitorSpan], *, now: datetime
) -> list[Stretch]:
    """Spans as they are at an instant: what nobody confirms any more is unknown since then."""
    found = []
    health, since = states.health_at(row, state, now=now), states.since_at(row, state, now=now)
    for one in spans:
        if one.ended_at is None and health is not Health(one.health) and since is not None:
            found.append(Stretch(Health(one.health), one.began_at, max(since, one.began_at)))
            found.append(Stretch(health, max(since, one.began_at), None))
        else:
            found.append(Stretch(Health(one.health), one.began_at, one.ended_at))
    return found


def _planned(session: Session, since: datetime, now: datetime) -> dict[str, list[Planned]]:
    """Planned maintenance by component."""
    found: dict[str, list[Planned]] = {}
    for row in windows.between(session, since, now):
        begin, end = row.starts_at, min(row.ended_at or row.ends_at, row.ends_at)
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
    seen = views.of(session, [row.id])
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
    component = session.scalar(select(Component.name).where(Component.slug == row.component))
    return OnePage(
        shown=room.shown.out(row, state, heard, last_evidence(seen, names), now=now),
        target=config_of(row.kind, row.config).target,
        component=component or "",
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
    for alert in ("monitor-down", "monitor-degraded"):
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


def word_of(kind: str) -> str:
    return TABLE[Kind(kind)].word
