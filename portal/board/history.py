"""Ninety days of all components, read so that what was before today is computed once.

Past days do not change but by an act on the past. Days are computed again only of components of
which the database tells something else than before, and views only where that or the time matters.
"""

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, String, Text, and_, cast, func, or_, select
from sqlalchemy.orm import Session

from portal.board import banners, days, incidents, instants
from portal.board import components as views
from portal.board.components import ComponentView
from portal.board.days import DayEvent, Interval
from portal.monitors import known
from portal.monitors.known import Knowledge
from portal.monitors.public_views import PublicMonitor
from portal.monitors.uptime import Planned
from portal.runtime import episodes
from portal.runtime.episode import Episode, Source
from portal.status import bounded, components, translations, windows
from portal.status.components import Component, Span, State
from portal.status.incidents import Incident
from portal.status.windows import Window

# Windows that begin within this are read too, so that a picture can be moved on without a database.
AHEAD = timedelta(days=2)


class Stretches(NamedTuple):
    """What impairs a component, and the states of it that were set by hand."""

    impaired: list[Interval]
    by_hand: list[Interval]


class Seen(NamedTuple):
    """What monitors and others say of a component beside its intervals."""

    is_watched: bool
    is_unknown: bool
    has_latency: bool
    blank: frozenset[date]
    counts_from: date | None


Row = tuple[int, Interval, bool]
ById = dict[int, Stretches]
_NONE = Stretches([], [])


class History:
    """What one board remembers of what does not change; without it all is computed anew."""

    def __init__(self) -> None:
        self.incidents = incidents.Known()
        self.banners = banners.Known()
        # What was read, and the text that the database makes of the rows that it was read from.
        self._past_text = self._planned_text = ""
        self._past: ById = {}
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
        if not told_of:
            return ()
        begins = views.first_day(now)
        late = self._read(session, begins, now=now)
        wanted = {name.partition(":")[0] for row, _ in told_of for name in row.alerts}
        held = episodes.open_or_closed_since(session, wanted, since=begins)
        # Asked for only where there is a monitor.
        self.known, self.monitors = known.NOTHING
        if self._has_monitors:
            maintenance = _maintenance(self._planned)
            self.known, self.monitors = known.read(session, maintenance, since=begins, now=now)
        found = []
        for row, is_told in told_of:
            was, goes_on = self._past.get(row.id, _NONE), late.get(row.id, _NONE)
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

    def _read(self, session: Session, begins: datetime, *, now: datetime) -> ById:
        """Spans that reach into today; those before and the windows only if they are others."""
        today = instants.midnight(now)
        was = and_(Span.ended_at > begins, Span.ended_at <= today)
        is_late = or_(Span.ended_at.is_(None), Span.ended_at > today)
        planned = _planned(begins, now + AHEAD)
        texts = session.execute(
            select(
                _text_of(*_SPAN).where(was).scalar_subquery(),
                # What is said of an incident and who may know of it is of the past too.
                _text_of(*_OF_INCIDENT)
                .where(Incident.started_at <= today, _is_of_interest(begins))
                .scalar_subquery(),
                _text_of(*planned.selected_columns).where(planned.whereclause).scalar_subquery(),
                known.is_any(),
            )
        ).one()
        self._has_monitors = bool(texts[3])
        past_text, planned_text = f"{begins} {texts[0]} {texts[1]}", texts[2] or ""
        if planned_text != self._planned_text:
            self._planned, self._planned_text = _windows(session, planned), planned_text
        if past_text == self._past_text:
            return _by_component(_spans(session, begins, is_late))
        rows = _spans(session, begins, or_(was, is_late))
        over = [one for one in rows if _is_over(one, today)]
        self._past, self._past_text = _by_component(over), past_text
        return _by_component([one for one in rows if not _is_over(one, today)])

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


_OF_INCIDENT = (
    Incident.id,
    Incident.reference,
    Incident.title,
    Incident.translations,
    Incident.audiences,
)
_SPAN = (Span.component_id, Span.incident_id, Span.state, Span.began_at, Span.ended_at)


def _seen(row: Component, monitors: Knowledge | None, is_told_of: bool, now: datetime) -> Seen:
    """What is known of it; days count from the first on of which anybody knows anything."""
    if monitors is None:
        return Seen(is_told_of, False, False, frozenset(), row.since if is_told_of else None)
    counts_from = row.since if is_told_of else monitors.first
    is_unknown = monitors.until <= now
    return Seen(True, is_unknown, monitors.has_latency, monitors.blank, counts_from)


def _is_of_interest(begins: datetime) -> ColumnElement[bool]:
    return or_(Incident.resolved_at.is_(None), Incident.resolved_at > begins)


def _spans(session: Session, begins: datetime, condition: ColumnElement[bool]) -> list[Row]:
    """Spans by hand, and of incidents that everyone may know of: whose, what, whether by hand."""
    is_told = and_(_is_of_interest(begins), bounded.is_public(Incident.audiences))
    query = (
        select(*_SPAN, Incident.reference, Incident.title, Incident.translations)
        .outerjoin(Incident, Incident.id == Span.incident_id)
        .where(condition, or_(Span.incident_id.is_(None), is_told))
        .order_by(Span.began_at, Span.id)
    )
    return [
        (
            one.component_id,
            Interval(
                State(one.state),
                one.began_at,
                one.ended_at,
                one.reference or "",
                one.title or "",
                one.translations or {},
            ),
            one.incident_id is None,
        )
        for one in session.execute(query)
    ]


def _is_over(row: Row, today: datetime) -> bool:
    return row[1].ended_at is not None and row[1].ended_at <= today


def _by_component(rows: list[Row]) -> ById:
    found: ById = {}
    for component, interval, is_by_hand in rows:
        stretches = found.setdefault(component, Stretches([], []))
        if is_by_hand:
            stretches.by_hand.append(interval)
        if interval.state is not State.OPERATIONAL:
            stretches.impaired.append(interval)
    return found


def _planned(begins: datetime, until: datetime) -> Any:
    """Public windows with what they touch."""
    return select(
        Window.reference,
        Window.title,
        Window.translations,
        Window.components,
        Window.effects,
        Window.starts_at,
        Window.ends_at,
        Window.ended_at,
    ).where(
        Window.ends_at > begins,
        Window.starts_at <= until,
        bounded.is_public(Window.audiences),
        windows.is_published(),
    )


def _windows(session: Session, query: Any) -> dict[str, list[Interval]]:
    """Windows by what they touch."""
    found: dict[str, list[Interval]] = {}
    for row in session.execute(query.order_by(Window.starts_at, Window.id)):
        titles = translations.only("title", row.translations)
        for slug in row.components:
            # Under maintenance all the same, so that what is left of it is no downtime.
            for state in (State.UNDER_MAINTENANCE, *filter(None, [row.effects.get(slug)])):
                end = row.ended_at or row.ends_at
                interval = Interval(
                    State(state), row.starts_at, end, row.reference, row.title, titles
                )
                found.setdefault(slug, []).append(interval)
    return found


def _maintenance(planned: dict[str, list[Interval]]) -> dict[str, list[Planned]]:
    """The same as times alone."""
    return {
        slug: [Planned(one.began_at, one.ended_at) for one in some if one.ended_at]
        for slug, some in planned.items()
    }


def _text_of(*columns: Any) -> Any:
    """All rows as one text: cheap to read and to compare, and as exact as the rows."""
    line: Any = ""
    for one in columns:
        text = one if isinstance(one.type, String) else cast(one, Text)
        line = func.coalesce(text, "") + " " + line
    return select(func.aggregate_strings(line, ";"))


def _of_episode(one: Episode) -> Interval:
    if one.source == Source.MONITOR:
        # A monitor says itself what it means for its component.
        return Interval(State(one.labels["state"]), one.opened_at, one.closed_at, "")
    labelled = one.labels.get("component") if one.source != Source.PORTAL else None
    state = State.PARTIAL if labelled and one.severity == "critical" else State.DEGRADED
    return Interval(state, one.opened_at, one.closed_at, "")
