"""Reading what is published around an instant: the picture, as the database has it."""

from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.board import banners
from portal.board import components as component_views
from portal.board import incidents as incident_views
from portal.board.banners import Banner
from portal.board.components import ComponentView, Interval
from portal.board.picture import PAST_DAYS, Picture, next_change
from portal.runtime import episodes
from portal.runtime.episodes import Source
from portal.status import announcements, components, incidents, retrospectives, windows
from portal.status.bounded import BOUNDS, Bounds
from portal.status.components import State
from portal.status.incidents import Incident
from portal.status.terms import Audience, Status
from portal.status.windows import Window
from portal.store import revision

CANCELLED_DAYS = 30


def take(session: Session, *, now: datetime, bounds: Bounds = BOUNDS) -> Picture:
    """Read what is published around `now`; the cost does not grow with history."""
    since = now - timedelta(days=PAST_DAYS)
    number = revision.current(session)
    found = [
        banners.of_announcement(row, now=now)
        for row in announcements.for_board(session, since=since, now=now, bounds=bounds)
    ]
    planned, cancelled = windows.for_board(
        session,
        since=since,
        called_off_since=now - timedelta(days=CANCELLED_DAYS),
        now=now,
        bounds=bounds,
    )
    found += [banners.of_window(row, now=now) for row in planned]
    found = _past_within(found, since=since, bounds=bounds)
    events = incidents.for_board(session, since=since, bounds=bounds)
    ids = [event.id for event in events]
    lines, impacts = incidents.updates_of(session, ids), incidents.impacts_of(session, ids)
    learned = retrospectives.published(session, ids)
    shown = []
    for event in events:
        one = incident_views.view(
            event, lines.get(event.id, []), impacts.get(event.id, []), learned.get(event.id)
        )
        shown.append(one)
        found.append(incident_views.banner(one, event.version))
    return Picture(
        number,
        now,
        next_change(found, now),
        tuple(found),
        tuple(shown),
        _components(session, now=now),
        tuple(banners.of_window(row, now=now) for row in cancelled),
    )


def _past_within(found: list[Banner], *, since: datetime, bounds: Bounds) -> list[Banner]:
    """Without what is over and beyond the bounds: the two ways to end were asked for apart."""
    kept = [one for one in found if one.status is not Status.RESOLVED]
    over = [one for one in found if one.status is Status.RESOLVED]
    over.sort(key=lambda one: (one.over_at or since, one.starts_at, one.ref), reverse=True)
    for kind in ("announcement", "window"):
        for is_public in (True, False):
            same = [
                one
                for one in over
                if one.kind == kind and (Audience.PUBLIC in one.audiences) is is_public
            ]
            lately = [one for one in same if one.over_at and one.over_at > since][: bounds.past]
            latest = same[: bounds.latest if is_public and kind == "window" else 0]
            kept += lately if len(lately) > len(latest) else latest
    return kept


def _components(session: Session, *, now: datetime) -> tuple[ComponentView, ...]:
    """All components with ninety days; what only some may know of is in none of them."""
    told_of = components.listed_with_history(session)
    if not told_of:
        return ()
    rows = [row for row, _ in told_of]
    watched = {row.id for row, is_told in told_of if is_told}
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
    for episode in episodes.open_or_closed_since(session, wanted, since=since):
        labelled = episode.labels.get("component") if episode.source != Source.PORTAL else None
        state = State.PARTIAL if labelled and episode.severity == "critical" else State.DEGRADED
        interval = Interval(state, episode.opened_at, episode.closed_at, "")
        for row in rows:
            if episode.concerns(row.slug, row.alerts):
                changed_at = episode.changed_at or episode.opened_at
                by_id[row.id] += component_views.overruled(interval, changed_at, by_hand[row.id])
                watched.add(row.id)
    return tuple(
        component_views.view(
            row,
            by_id[row.id],
            # Somebody or something speaks of it, or did: an alert, an incident, an operator.
            is_watched=bool(row.alerts) or row.version > 1 or row.id in watched,
            now=now,
        )
        for row in rows
    )
