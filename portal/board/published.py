"""Reading what is published around an instant: the picture, as the database has it."""

from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.board import banners
from portal.board import components as component_views
from portal.board import incidents as incident_views
from portal.board.banners import Banner
from portal.board.components import ComponentView, Interval
from portal.board.picture import PAST_DAYS, UPCOMING_DAYS, Picture, next_change
from portal.runtime import episodes
from portal.runtime.episodes import Source
from portal.status import components, incidents, windows
from portal.status.announcements import Announcement
from portal.status.components import State
from portal.status.incidents import Incident
from portal.status.terms import Audience
from portal.status.windows import Window
from portal.store import revision

CANCELLED_DAYS = 30
_MOST = 200


def take(session: Session, *, now: datetime) -> Picture:
    """Read what is published around `now`; the cost does not grow with history."""
    since, until = now - timedelta(days=PAST_DAYS), now + timedelta(days=UPCOMING_DAYS)
    number = revision.current(session)
    rows = session.scalars(
        select(Announcement)
        .where(
            Announcement.is_draft.is_(False),
            Announcement.starts_at <= until,
            or_(Announcement.ends_at.is_(None), Announcement.ends_at > since),
            or_(Announcement.resolved_at.is_(None), Announcement.resolved_at > since),
        )
        .order_by(Announcement.starts_at.desc())
        .limit(_MOST)
    )
    found = [banners.of_announcement(row, now=now) for row in rows]
    planned = session.scalars(
        select(Window)
        .where(Window.starts_at <= until, Window.ends_at > since, windows.is_published())
        .order_by(Window.starts_at.desc())
        .limit(_MOST)
    )
    found += [banners.of_window(row, now=now) for row in planned]
    events = incidents.around(session, since=since, most=_MOST)
    ids = [event.id for event in events]
    lines, impacts = incidents.updates_of(session, ids), incidents.impacts_of(session, ids)
    shown = []
    for event in events:
        one = incident_views.view(event, lines.get(event.id, []), impacts.get(event.id, []))
        shown.append(one)
        found.append(incident_views.banner(one, event.version))
    return Picture(
        number,
        now,
        next_change(found, now),
        tuple(found),
        tuple(shown),
        _components(session, now=now),
        _cancelled(session, now=now),
    )


def _cancelled(session: Session, *, now: datetime) -> tuple[Banner, ...]:
    rows = session.scalars(
        select(Window)
        .where(
            Window.cancelled_at > now - timedelta(days=CANCELLED_DAYS),
            Window.awaits_approval.is_(False),
        )
        .order_by(Window.starts_at)
        .limit(_MOST)
    )
    return tuple(banners.of_window(row, now=now) for row in rows)


def _components(session: Session, *, now: datetime) -> tuple[ComponentView, ...]:
    """All components with ninety days; what only some may know of is in none of them."""
    rows = components.everyone(session)
    if not rows:
        return ()
    since = now - timedelta(days=component_views.DAYS)
    by_id: dict[int, list[Interval]] = {row.id: [] for row in rows}
    by_slug = {row.slug: by_id[row.id] for row in rows}
    told = {
        row.id: row.reference
        for row in session.execute(
            select(Incident.id, Incident.reference, Incident.audiences).where(
                or_(Incident.resolved_at.is_(None), Incident.resolved_at > since)
            )
        )
        if Audience.PUBLIC in row.audiences
    }
    by_hand: dict[int, list[Interval]] = {row.id: [] for row in rows}
    for span in components.spans(session, since=since):
        if span.incident_id is not None and span.incident_id not in told:
            continue
        label = told[span.incident_id] if span.incident_id is not None else ""
        interval = Interval(State(span.state), span.began_at, span.ended_at, label)
        if span.incident_id is None:
            by_hand[span.component_id].append(interval)
        if interval.state != State.OPERATIONAL:
            by_id[span.component_id].append(interval)
    planned = session.execute(
        select(
            Window.components,
            Window.audiences,
            Window.reference,
            Window.starts_at,
            Window.ends_at,
            Window.ended_at,
            Window.effects,
        ).where(Window.ends_at > since, Window.starts_at <= now, windows.is_published())
    )
    for window in planned:
        if Audience.PUBLIC not in window.audiences:
            continue
        for slug in window.components:
            if slug not in by_slug:
                continue
            # Under maintenance all the same, so that what is left of it is no downtime.
            states = [State.UNDER_MAINTENANCE, *filter(None, [window.effects.get(slug)])]
            by_slug[slug] += [
                Interval(
                    State(state),
                    window.starts_at,
                    window.ended_at or window.ends_at,
                    window.reference,
                )
                for state in states
            ]
    wanted = {name.partition(":")[0] for row in rows for name in row.alerts}
    for episode in episodes.around(session, wanted, since=since):
        labelled = episode.labels.get("component") if episode.source != Source.PORTAL else None
        state = State.PARTIAL if labelled and episode.severity == "critical" else State.DEGRADED
        interval = Interval(state, episode.opened_at, episode.closed_at, "")
        for row in rows:
            if episode.concerns(row.slug, row.alerts):
                changed_at = episode.changed_at or episode.opened_at
                by_id[row.id] += component_views.overruled(interval, changed_at, by_hand[row.id])
    return tuple(component_views.view(row, by_id[row.id], now=now) for row in rows)
