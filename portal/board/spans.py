"""What the database has of the time before: spans, and windows by what they touch.

The statements are made once: to put one together takes longer than its answer.
"""

from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    String,
    Text,
    and_,
    bindparam,
    cast,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session

from portal.board.days import Interval
from portal.monitors import known
from portal.monitors.uptime import Planned
from portal.status import bounded, translations, windows
from portal.status.components import Span, State
from portal.status.incidents import Incident
from portal.status.windows import Window


class Stretches(NamedTuple):
    """What impairs a component, and the states of it that were set by hand."""

    impaired: list[Interval]
    by_hand: list[Interval]


Row = tuple[int, Interval, bool]
ById = dict[int, Stretches]
Moments = dict[str, datetime]
_BEGINS: BindParameter[datetime] = bindparam("begins")
_TODAY: BindParameter[datetime] = bindparam("today")
_UNTIL: BindParameter[datetime] = bindparam("until")
NONE = Stretches([], [])
_OF_INCIDENT = (
    Incident.id,
    Incident.reference,
    Incident.title,
    Incident.translations,
    Incident.audiences,
)
_SPAN = (Span.component_id, Span.incident_id, Span.state, Span.began_at, Span.ended_at)


def _is_of_interest() -> ColumnElement[bool]:
    return or_(Incident.resolved_at.is_(None), Incident.resolved_at > _BEGINS)


def _is_late() -> ColumnElement[bool]:
    return or_(Span.ended_at.is_(None), Span.ended_at > _TODAY)


def _was() -> ColumnElement[bool]:
    return and_(Span.ended_at > _BEGINS, Span.ended_at <= _TODAY)


@cache
def texts() -> Select[Any]:
    """Spans, incidents and windows of the past as texts, and whether there are monitors."""
    planned = _planned()
    return select(
        _text_of(*_SPAN).where(_was()).scalar_subquery(),
        # What is said of an incident and who may know of it is of the past too.
        _text_of(*_OF_INCIDENT)
        .where(Incident.started_at <= _TODAY, _is_of_interest())
        .scalar_subquery(),
        _text_of(*planned.selected_columns).where(planned.whereclause).scalar_subquery(),
        known.is_any(),
    )


@cache
def _of_spans(has_past: bool) -> Any:
    is_told = and_(_is_of_interest(), bounded.is_public(Incident.audiences))
    return (
        select(*_SPAN, Incident.reference, Incident.title, Incident.translations)
        .outerjoin(Incident, Incident.id == Span.incident_id)
        .where(
            or_(_was(), _is_late()) if has_past else _is_late(),
            or_(Span.incident_id.is_(None), is_told),
        )
        .order_by(Span.began_at, Span.id)
    )


def spans_of(session: Session, moments: Moments, *, has_past: bool = False) -> list[Row]:
    """Spans by hand, and of incidents that everyone may know of: whose, what, whether by hand."""
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
        for one in session.execute(_of_spans(has_past), moments)
    ]


def is_over(row: Row, today: datetime) -> bool:
    return row[1].ended_at is not None and row[1].ended_at <= today


def by_component(rows: list[Row]) -> ById:
    found: ById = {}
    for component, interval, is_by_hand in rows:
        stretches = found.setdefault(component, Stretches([], []))
        if is_by_hand:
            stretches.by_hand.append(interval)
        if interval.state is not State.OPERATIONAL:
            stretches.impaired.append(interval)
    return found


@cache
def _planned() -> Any:
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
        Window.ends_at > _BEGINS,
        Window.starts_at <= _UNTIL,
        bounded.is_public(Window.audiences),
        windows.is_published(),
    )


def windows_of(session: Session, moments: Moments) -> dict[str, list[Interval]]:
    """Windows by what they touch."""
    found: dict[str, list[Interval]] = {}
    query = _planned().order_by(Window.starts_at, Window.id)
    for row in session.execute(query, moments):
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


def maintenance_of(planned: dict[str, list[Interval]]) -> dict[str, list[Planned]]:
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
