"""The immutable picture of all that is published at an instant."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import groupby
from typing import Any

from portal.board import indicators, instants
from portal.board.banners import Banner
from portal.board.components import ComponentView
from portal.board.incidents import IncidentView
from portal.board.indicators import Indicator
from portal.board.languages import DEFAULT
from portal.board.translated import all_spoken
from portal.monitors.public_views import PublicMonitor
from portal.status.components import State
from portal.status.incidents import Progress
from portal.status.terms import Audience, Channel, Status

PAST_DAYS = 7
MOST_OF_SERIES = 2
# On the page; the calendar and the API have all that the picture holds.
MOST_COMING = 50


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
    # When the database confirmed it at last; None while it does.
    stale_since: datetime | None = None
    # Until when the states of components are known without a new look of their monitors.
    known_until: dict[str, datetime] = field(default_factory=dict)
    # Monitors of public components of which everyone may know how they are.
    monitors: tuple[PublicMonitor, ...] = ()
    # The instant that it shows, where that is another than the one at which it was read.
    seen_at: datetime | None = None

    @property
    def now(self) -> datetime:
        """The instant that it shows."""
        return self.seen_at or self.generated_at

    def public(self, status: Status) -> tuple[Banner, ...]:
        """What everyone may see on the web, the most severe and latest first."""
        return self.for_reader(Audience.PUBLIC, channel=Channel.WEB, status=status)

    def for_reader(
        self, audience: Audience, *, channel: Channel | None = None, status: Status | None = None
    ) -> tuple[Banner, ...]:
        return tuple(
            banner
            for banner in self._by_severity
            if audience in banner.audiences
            and (channel is None or channel in banner.channels)
            and (status is None or banner.status is status)
        )

    @cached_property
    def _by_severity(self) -> list[Banner]:
        """All, the most severe and latest first."""
        return sorted(
            self.banners, key=lambda one: (-one.severity.rank, -one.starts_at.timestamp())
        )

    @cached_property
    def active(self) -> tuple[Banner, ...]:
        return self.public(Status.ACTIVE)

    @cached_property
    def upcoming(self) -> tuple[Banner, ...]:
        return tuple(sorted(self.public(Status.SCHEDULED), key=lambda one: one.starts_at))

    @cached_property
    def coming(self) -> tuple[Banner, ...]:
        """What is upcoming, the nearest first; of windows that come again only the next two."""
        return next_of_each(self.upcoming)[:MOST_COMING]

    @cached_property
    def past_days(self) -> tuple[PastDay, ...]:
        """The last seven days, today first, the quiet ones too."""
        over = self.public(Status.RESOLVED)
        today = self.now.date()
        return tuple(
            PastDay(day, tuple(one for one in over if one.over_at and one.over_at.date() == day))
            for day in (today - timedelta(days=number) for number in range(PAST_DAYS))
        )

    def valid_for(self, audience: Audience) -> datetime:
        """Until when what these readers see stays as it is, if nobody changes it.

        What is for others alone says nothing here, not even when it begins.
        """
        if audience is not Audience.PUBLIC:
            return self.valid_until
        events = [one for one in self.incidents if one.is_public]
        return next_change(self.for_reader(audience), self.public_components, events, self.now)

    @cached_property
    def open_incidents(self) -> tuple[IncidentView, ...]:
        """What everyone may see of the incidents that go on, the latest first."""
        return tuple(
            one for one in self.incidents if one.is_public and one.status is not Progress.RESOLVED
        )

    def is_overdue(self, one: IncidentView) -> bool:
        """Whether the next update was announced for a time that is over."""
        due = None if one.resolved_at else one.next_update_at
        return due is not None and due <= self.now

    def names_of(self, slugs: Iterable[str]) -> list[str]:
        """The names of the public ones among some components, in their order."""
        places = self._places
        found = sorted({places[slug] for slug in slugs if slug in places})
        return [self.public_components[place].name for place in found]

    @cached_property
    def _places(self) -> dict[str, int]:
        """Where each public component stands."""
        return {one.slug: place for place, one in enumerate(self.public_components)}

    def affected_by(self, banner: Banner) -> list[str]:
        """The names of what a notice touches, as far as everyone may know of it."""
        incident = self.incident(banner.ref) if banner.kind == "incident" else None
        touched = [one.component for one in incident.components] if incident else banner.components
        return self.names_of(touched)

    def incident(self, reference: str) -> IncidentView | None:
        return self._by_reference.get(reference)

    @cached_property
    def _by_reference(self) -> dict[str, IncidentView]:
        return {one.reference: one for one in self.incidents}

    @cached_property
    def public_components(self) -> tuple[ComponentView, ...]:
        return tuple(one for one in self.components if one.is_public)

    @property
    def affected(self) -> int:
        """How many public components are not as they should be."""
        return sum(one.state is not State.OPERATIONAL for one in self.public_components)

    @cached_property
    def changed_at(self) -> datetime:
        """When something public changed last; the last midnight where nothing ever did."""
        now = self.now
        moments = [one.changed_at(now) for one in self.for_reader(Audience.PUBLIC)]
        # What was called off does not begin, nor end.
        moments += [
            one.resolved_at
            for one in self.cancelled
            if one.resolved_at and Audience.PUBLIC in one.audiences
        ]
        moments += [line.at for one in self.incidents if one.is_public for line in one.updates]
        moments += [one.changed_at for one in self.public_components if one.changed_at]
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return max((one for one in moments if one <= now), default=midnight)

    @property
    def is_watched(self) -> bool:
        """Whether anything could tell that a public component is not as it should be."""
        return any(one.is_watched for one in self.public_components)

    @property
    def is_known(self) -> bool:
        """Whether the states of all public components are known now."""
        return not any(one.is_unknown for one in self.public_components)

    @cached_property
    def groups(self) -> tuple[tuple[str, tuple[ComponentView, ...]], ...]:
        """The public components by group, in their order."""
        return tuple(
            (name, tuple(members))
            for name, members in groupby(self.public_components, key=lambda one: one.group)
        )

    @cached_property
    def _verdict(self) -> tuple[Indicator, str]:
        """The worst of what components, incidents and announcements say, in that order."""
        said = [indicators.OF_STATE[one.state] for one in self.public_components]
        said += [indicators.OF_IMPACT[one.impact] for one in self.open_incidents]
        said += [
            indicators.OF_SEVERITY[one.severity] for one in self.active if one.kind != "incident"
        ]
        worst = max(
            said, key=lambda one: one[0].rank, default=indicators.OF_STATE[State.OPERATIONAL]
        )
        if worst[0] is Indicator.NONE and not self.is_watched:
            return Indicator.NONE, indicators.NOTHING_WATCHED
        if worst[0] is Indicator.NONE and not self.is_known:
            return Indicator.NONE, indicators.PARTLY_KNOWN
        return worst

    @property
    def indicator(self) -> Indicator:
        return self._verdict[0]

    @property
    def description(self) -> str:
        return self._verdict[1]

    def spoken(self, language: str) -> "Picture":
        """What operators wrote in a language, as far as it has translations; itself without any."""
        if language == DEFAULT:
            return self
        names = ("banners", "cancelled", "incidents", "components")
        told: dict[str, Any] = {name: all_spoken(getattr(self, name), language) for name in names}
        is_same = all(one is getattr(self, name) for name, one in told.items())
        return self if is_same else replace(self, **told)

    def at(self, now: datetime, *, stale_since: datetime) -> "Picture":
        """The same data seen at `now`, for when the database cannot be asked."""
        moved = tuple(banner.at(now) for banner in self.banners)
        parts = tuple(self._known_at(one.at(now), now) for one in self.components)
        dues = [*self.known_until.values(), *(one.until for one in self.monitors)]
        return replace(
            self,
            seen_at=now,
            valid_until=next_change(moved, parts, self.incidents, now, dues),
            banners=moved,
            components=parts,
            monitors=tuple(one.at(now) for one in self.monitors),
            stale_since=stale_since,
        )

    def _known_at(self, one: ComponentView, now: datetime) -> ComponentView:
        is_unknown = one.slug in self.known_until and self.known_until[one.slug] <= now
        return one.model_copy(update={"is_unknown": True}) if is_unknown else one


def next_of_each(found: Iterable[Banner]) -> tuple[Banner, ...]:
    """What comes, the nearest first; of windows that come again only the next two."""
    shown: Counter[int] = Counter()
    kept = []
    for banner in sorted(found, key=lambda one: (one.starts_at, one.ref)):
        if banner.series is not None:
            shown[banner.series] += 1
            if shown[banner.series] > MOST_OF_SERIES:
                continue
        kept.append(banner)
    return tuple(kept)


def next_change(
    found: Iterable[Banner],
    parts: Iterable[ComponentView],
    events: Iterable[IncidentView],
    now: datetime,
    known_until: Iterable[datetime] = (),
) -> datetime:
    """The first instant after `now` at which a picture of these changes by itself."""
    due = [one.next_update_at for one in events if one.next_update_at and not one.resolved_at]
    due += known_until
    return instants.next_change(now, found, [part for one in parts for part in one.ahead], due)
