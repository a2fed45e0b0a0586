"""Ninety days of all components, read so that what was before today is computed once.

Past days do not change but by an act on the past. Days are computed again only of components of
which the database tells something else than before, and views only where that or the time matters.
"""

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from portal.board import banners, days, incidents, instants, spans
from portal.board import components as views
from portal.board.components import ComponentView
from portal.board.days import DayEvent, Interval
from portal.monitors import known
from portal.monitors.known import Knowledge
from portal.monitors.public_views import PublicMonitor
from portal.runtime import episodes
from portal.runtime.episode import Episode, Source
from portal.status import components
from portal.status.components import Component, State

# Windows that begin within this are read too, so that a picture can be moved on without a database.
AHEAD = timedelta(days=2)


class Seen(NamedTuple):
    """What monitors and others say of a component beside its intervals."""

    is_watched: bool
    is_unknown: bool
    has_latency: bool
    blank: frozenset[date]
    counts_from: date | None


class History:
    """What one board remembers of what does not change; without it all is computed anew."""

    def __init__(self) -> None:
        self.incidents = incidents.Known()
        self.banners = banners.Known()
        # What was read, and the text that the database makes of the rows that it was read from.
        self._past_text = self._planned_text = ""
        self._past: spans.ById = {}
        self._planned: dict[str, list[Interval]] = {}
        self._closed: dict[int, tuple[Any, list[DayEvent]]] = {}
        self._views: dict[int, tuple[Any, ComponentView]] = {}
        # How often the days before today were computed for a component, and how often a view.
        self.computed = self.viewed = 0
        # What monitors know of components, at the last look.
        self.known: dict[str, Knowledge] = {}
        self.monitors: tuple[PublicMonitor, ...] = ()
        self._has_monitors = False

    def components(self, session: Session, *, now: datetime) -> tuple[ComponentView, ...]:
        """All components with ninety days; what only some may know of is in none of them."""
        told_of = components.listed_with_history(session)
        self.known, self.monitors = known.NOTHING
        if not told_of:
            return ()
        begins = views.first_day(now)
        late = self._read(session, begins, now=now)
        wanted = {name.partition(":")[0] for row, _ in told_of for name in row.alerts}
        held = episodes.open_or_closed_since(session, wanted, since=begins)
        # Asked for only where there is a monitor.
        if self._has_monitors:
            maintenance = spans.maintenance_of(self._planned)
            self.known, self.monitors = known.read(session, maintenance, since=begins, now=now)
        found = []
        for row, is_told in told_of:
            was, goes_on = self._past.get(row.id, spans.NONE), late.get(row.id, spans.NONE)
            intervals = was.impaired + goes_on.impaired + self._planned.get(row.slug, [])
            by_hand = was.by_hand + goes_on.by_hand
            concerns = [one for one in held if one.concerns(row.slug, row.alerts)]
            for one in concerns:
                changed_at = one.changed_at or one.opened_at
                intervals += days.not_overridden(_of_episode(one), changed_at, by_hand)
            # Somebody or something speaks of it, or did: an alert, an incident, an operator.
            others = [one for one in concerns if one.source != Source.MONITOR]
            is_told_of = bool(row.alerts) or row.version > 1 or is_told or bool(others)
            seen = _seen(row, self.known.get(row.slug), is_told_of, now)
            found.append(self._view(row, intervals, now=now, seen=seen))
        return tuple(found)

    def _read(self, session: Session, begins: datetime, *, now: datetime) -> spans.ById:
        """Spans that reach into today; those before and the windows only if they are others."""
        today = instants.midnight(now)
        moments = {"begins": begins, "today": today, "until": now + AHEAD}
        texts = session.execute(spans.texts(), moments).one()
        self._has_monitors = bool(texts[3])
        past_text, planned_text = f"{begins} {texts[0]} {texts[1]}", texts[2] or ""
        if planned_text != self._planned_text:
            self._planned, self._planned_text = spans.windows_of(session, moments), planned_text
        if past_text == self._past_text:
            return spans.by_component(spans.spans_of(session, moments))
        rows = spans.spans_of(session, moments, has_past=True)
        over = [one for one in rows if spans.is_over(one, today)]
        self._past, self._past_text = spans.by_component(over), past_text
        return spans.by_component([one for one in rows if not spans.is_over(one, today)])

    def _view(
        self, row: Component, intervals: list[Interval], *, now: datetime, seen: Seen
    ) -> ComponentView:
        today = instants.midnight(now)
        going_on = any(one.ended_at is None or one.ended_at > today for one in intervals)
        facts = (row.name, row.group_name, row.description, row.is_public, row.since)
        key = (facts, row.updated_at, seen, now if going_on else today, intervals)
        before = self._views.get(row.id)
        if before is not None and before[0] == key:
            return before[1]
        self.viewed += 1
        closed = self._days(row, days.before(intervals, today), views.begins_at(row, now))
        view = views.view(row, intervals, now=now, closed=closed, **seen._asdict())
        self._views[row.id] = (key, view)
        return view

    def _days(self, row: Component, past: list[Interval], begins: datetime) -> list[DayEvent]:
        key = (begins, past)
        known = self._closed.get(row.id)
        if known is None or known[0] != key:
            self.computed += 1
            known = self._closed[row.id] = (key, days.events(past, begins))
        return known[1]


def _seen(row: Component, monitors: Knowledge | None, is_told_of: bool, now: datetime) -> Seen:
    """What is known of it; days count from the first on of which anybody knows anything."""
    if monitors is None:
        return Seen(is_told_of, False, False, frozenset(), row.since if is_told_of else None)
    counts_from = row.since if is_told_of else monitors.first
    is_unknown = monitors.until <= now
    return Seen(True, is_unknown, monitors.has_latency, monitors.blank, counts_from)


def _of_episode(one: Episode) -> Interval:
    if one.source == Source.MONITOR:
        # A monitor says itself what it means for its component.
        return Interval(State(one.labels["state"]), one.opened_at, one.closed_at, "")
    labelled = one.labels.get("component") if one.source != Source.PORTAL else None
    state = State.PARTIAL if labelled and one.severity == "critical" else State.DEGRADED
    return Interval(state, one.opened_at, one.closed_at, "")
