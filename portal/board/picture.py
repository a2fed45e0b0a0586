"""The immutable picture of all that is published at an instant."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import groupby

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.board import banners
from portal.board import components as component_views
from portal.board import incidents as incident_views
from portal.board.banners import Banner
from portal.board.components import ComponentView, Interval
from portal.board.incidents import IncidentView
from portal.runtime import episodes
from portal.runtime.episodes import Source
from portal.status import components, incidents, windows
from portal.status.announcements import Announcement
from portal.status.components import State
from portal.status.incidents import ImpactLevel, Incident, Progress
from portal.status.terms import Audience, Channel, Severity, Status
from portal.status.windows import Window
from portal.store import revision

# A picture older than this is taken anew even when nothing changed, so that its age stays small.
LONGEST_LIFE = timedelta(seconds=15)
UPCOMING_DAYS = 60
PAST_DAYS = 7
CANCELLED_DAYS = 30
MOST_OF_SERIES = 2
_MOST = 200


class Indicator(StrEnum):
    NONE = "none"
    MAINTENANCE = "maintenance"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Indicator).index(self)


_OF_STATE = {
    State.OPERATIONAL: (Indicator.NONE, "All systems operational"),
    State.UNDER_MAINTENANCE: (Indicator.MAINTENANCE, "Under maintenance"),
    State.DEGRADED: (Indicator.MINOR, "Degraded performance"),
    State.PARTIAL: (Indicator.MAJOR, "Partial outage"),
    State.MAJOR: (Indicator.CRITICAL, "Major outage"),
}
_OF_SEVERITY = {
    Severity.INFO: (Indicator.NONE, "All systems operational"),
    Severity.MAINTENANCE: (Indicator.MAINTENANCE, "Under maintenance"),
    Severity.SECURITY: (Indicator.MINOR, "Security notice"),
    Severity.INCIDENT: (Indicator.MAJOR, "Service disrupted"),
}
_OF_IMPACT = {
    ImpactLevel.NONE: (Indicator.NONE, "All systems operational"),
    ImpactLevel.MINOR: (Indicator.MINOR, "Minor disruption"),
    ImpactLevel.MAJOR: (Indicator.MAJOR, "Service disrupted"),
    ImpactLevel.CRITICAL: (Indicator.CRITICAL, "Major outage"),
}


@dataclass(frozen=True)
class PastDay:
    """A day, and what was over on it."""

    day: date
    banners: tuple[Banner, ...]


@dataclass(frozen=True)
class Picture:
    """All banners, whatever their audience; readers get what is theirs by `for_reader`."""

    revision: int
    generated_at: datetime
    valid_until: datetime
    banners: tuple[Banner, ...]
    incidents: tuple[IncidentView, ...] = ()
    components: tuple[ComponentView, ...] = ()
    # Windows that were called off lately, for calendars that hold them.
    cancelled: tuple[Banner, ...] = ()
    # When the database stopped answering; None while it does.
    stale_since: datetime | None = None

    def public(self, status: Status) -> tuple[Banner, ...]:
        """What everyone may see on the web, the most severe and latest first."""
        return self.for_reader(Audience.PUBLIC, channel=Channel.WEB, status=status)

    def for_reader(
        self, audience: Audience, *, channel: Channel | None = None, status: Status | None = None
    ) -> tuple[Banner, ...]:
        found = [
            banner
            for banner in self.banners
            if audience in banner.audiences
            and (channel is None or channel in banner.channels)
            and (status is None or banner.status is status)
        ]
        return tuple(
            sorted(found, key=lambda one: (-one.severity.rank, -one.starts_at.timestamp()))
        )

    @property
    def active(self) -> tuple[Banner, ...]:
        return self.public(Status.ACTIVE)

    @property
    def upcoming(self) -> tuple[Banner, ...]:
        return tuple(sorted(self.public(Status.SCHEDULED), key=lambda one: one.starts_at))

    @property
    def coming(self) -> tuple[Banner, ...]:
        """What is upcoming, but of windows that come again only the next two."""
        shown: Counter[int] = Counter()
        found = []
        for banner in self.upcoming:
            if banner.series is not None:
                shown[banner.series] += 1
                if shown[banner.series] > MOST_OF_SERIES:
                    continue
            found.append(banner)
        return tuple(found)

    @property
    def past_days(self) -> tuple[PastDay, ...]:
        """The last seven days, today first, the quiet ones too."""
        over = self.public(Status.RESOLVED)
        today = self.generated_at.date()
        return tuple(
            PastDay(day, tuple(one for one in over if one.over_at and one.over_at.date() == day))
            for day in (today - timedelta(days=number) for number in range(PAST_DAYS))
        )

    @property
    def open_incidents(self) -> tuple[IncidentView, ...]:
        """What everyone may see of the incidents that go on, the latest first."""
        return tuple(
            one for one in self.incidents if one.is_public and one.status is not Progress.RESOLVED
        )

    def incident(self, reference: str) -> IncidentView | None:
        return next((one for one in self.incidents if one.reference == reference), None)

    @property
    def public_components(self) -> tuple[ComponentView, ...]:
        return tuple(one for one in self.components if one.is_public)

    @property
    def affected(self) -> int:
        """How many public components are not as they should be."""
        return sum(one.state is not State.OPERATIONAL for one in self.public_components)

    @property
    def groups(self) -> tuple[tuple[str, tuple[ComponentView, ...]], ...]:
        """The public components by group, in their order."""
        return tuple(
            (name, tuple(members))
            for name, members in groupby(self.public_components, key=lambda one: one.group)
        )

    @property
    def _verdict(self) -> tuple[Indicator, str]:
        """The worst of what components, incidents and announcements say, in that order."""
        said = [_OF_STATE[one.state] for one in self.public_components]
        said += [_OF_IMPACT[one.impact] for one in self.open_incidents]
        said += [_OF_SEVERITY[one.severity] for one in self.active if one.kind != "incident"]
        return max(said, key=lambda one: one[0].rank, default=_OF_STATE[State.OPERATIONAL])

    @property
    def indicator(self) -> Indicator:
        return self._verdict[0]

    @property
    def description(self) -> str:
        return self._verdict[1]

    def at(self, now: datetime, *, stale_since: datetime) -> "Picture":
        """The same data seen at `now`, for when the database cannot be asked."""
        moved = tuple(banner.at(now) for banner in self.banners)
        return replace(
            self, valid_until=_next_change(moved, now), banners=moved, stale_since=stale_since
        )


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
        _next_change(found, now),
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
    for span in components.spans(session, since=since):
        if span.incident_id is not None and span.incident_id not in told:
            continue
        label = told[span.incident_id] if span.incident_id is not None else ""
        by_id[span.component_id].append(
            Interval(State(span.state), span.began_at, span.ended_at, label)
        )
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
        names = {episode.alert, f"{episode.alert}:{episode.subject}"}
        # An alert of Alertmanager's may name its component itself.
        labelled = episode.labels.get("component") if episode.source != Source.PORTAL else None
        state = State.PARTIAL if labelled and episode.severity == "critical" else State.DEGRADED
        interval = Interval(state, episode.opened_at, episode.closed_at, "")
        for row in rows:
            if row.slug == labelled or names & set(row.alerts):
                by_id[row.id].append(interval)
    return tuple(component_views.view(row, by_id[row.id], now=now) for row in rows)


def _next_change(found: list[Banner] | tuple[Banner, ...], now: datetime) -> datetime:
    moments = [moment for one in found for moment in (one.starts_at, one.over_at) if moment]
    return min([moment for moment in moments if moment > now] + [now + LONGEST_LIFE])
