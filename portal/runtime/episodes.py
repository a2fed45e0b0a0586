"""Episodes: the life of an alert from its opening to its closing, stored and audited.

`portal worker` holds the alerts of the moment against the open episodes every few seconds. At
most one episode of an alert and its subject is open, whoever opens it: the database sees to that.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.orm import Session

from portal import clock
from portal.audit import chain
from portal.runtime.episode import Closing, Episode, Source, of_alert
from portal.runtime.snapshot import Alert, Snapshot
from portal.status.components import Component
from portal.store import engine, revision
from portal.store.errors import retried

ACTOR = "portal worker"
EXPORTER_STALE = "exporter-stale"
# What comes and goes by the minute must be away for a while; these close at once.
CLOSE_AT_ONCE = (EXPORTER_STALE, "readiness-failing", "worker-error")
CLOSE_AFTER = timedelta(seconds=60)
KEPT = timedelta(days=400)
MOST_READ = 2000


def is_public(session: Session, *rows: Episode) -> bool:
    """Whether any of these impairs a component, so that the public page speaks of it."""
    known = session.execute(select(Component.slug, Component.alerts)).all()
    return any(row.concerns(slug, alerts) for row in rows for slug, alerts in known)


def open_ones(session: Session) -> list[Episode]:
    return list(session.scalars(select(Episode).where(Episode.closed_at.is_(None))))


def open_or_lapsed(session: Session, *, since: datetime) -> list[Episode]:
    """The open ones, and those of others that lapsed after `since`, the latest first."""
    return list(
        session.scalars(
            select(Episode)
            .where(
                or_(
                    Episode.closed_at.is_(None),
                    and_(Episode.closed_at > since, Episode.closed_by == Closing.LAPSED),
                )
            )
            .order_by(Episode.closed_at.desc(), Episode.id)
        )
    )


def open_one(session: Session, alert: str, subject: str) -> Episode | None:
    """The open episode of an alert and its subject."""
    return session.scalar(
        select(Episode).where(
            Episode.alert == alert, Episode.subject == subject, Episode.closed_at.is_(None)
        )
    )


def lasting(session: Session, after: timedelta, *, now: datetime) -> list[Episode]:
    """The open ones that have held for longer than `after`."""
    return list(
        session.scalars(
            select(Episode).where(Episode.closed_at.is_(None), Episode.opened_at < now - after)
        )
    )


def open_or_closed_since(
    session: Session, alerts: Iterable[str], *, since: datetime
) -> list[Episode]:
    """The episodes of some alerts, and all of others and of monitors, that reach beyond `since`."""
    return list(
        session.scalars(
            select(Episode)
            .where(
                or_(
                    Episode.alert.in_(list(alerts)),
                    Episode.source.in_([Source.ALERTMANAGER, Source.MONITOR]),
                ),
                or_(Episode.closed_at.is_(None), Episode.closed_at > since),
            )
            # Those that hold are never cut by those that are over.
            .order_by(Episode.closed_at.is_not(None), Episode.opened_at.desc())
            .limit(MOST_READ)
        )
    )


def date(alerts: list[Alert], episodes: list[Episode]) -> None:
    """Give alerts what their episodes know: since when they hold, and who takes care of them."""
    known = {(one.alert, one.subject): one for one in episodes}
    for alert in alerts:
        episode = known.get((alert.id, alert.subject))
        if episode is not None:
            alert.since = min(alert.since, episode.opened_at)
            alert.acknowledged_at = episode.acknowledged_at
            alert.acknowledged_by = episode.acknowledged_by


def begin(session: Session, alert: Alert, *, now: datetime) -> Episode:
    """Open the episode of an alert of the portal that holds."""
    row = of_alert(alert, now=now)
    session.add(row)
    if alert.id == EXPORTER_STALE:
        chain.append(
            session,
            "monitoring.exporter.stale",
            actor=ACTOR,
            at=now,
            scraper=alert.labels.get("scraper", ""),
            age_seconds=int(alert.value),
            threshold=int(alert.threshold),
        )
        return row
    chain.append(
        session,
        "monitoring.episode.opened",
        actor=ACTOR,
        at=now,
        alert=alert.id,
        value=alert.value,
        threshold=alert.threshold,
        labels=dict(alert.labels),
    )
    return row


class Episodes:
    """Opens and closes."""

    def __init__(self, open_session: Callable[[], Session]) -> None:
        self._open_session = open_session

    @retried
    def reconcile(self, snapshot: Snapshot) -> None:
        """Hold the alerts of a snapshot against the open episodes, in one transaction."""
        now = clock.now()
        held = [one for one in snapshot.alerts if one.source == Source.PORTAL]
        with self._open_session() as session:
            if not held and not any(one.source == Source.PORTAL for one in open_ones(session)):
                return
            session.rollback()
            engine.begin_write(session)
            # What Alertmanager opened it closes itself.
            known = {
                (one.alert, one.subject): one
                for one in open_ones(session)
                if one.source == Source.PORTAL
            }
            changed: list[Episode] = []
            for alert in held:
                episode = known.pop((alert.id, alert.subject), None)
                if episode is None:
                    changed.append(begin(session, alert, now=now))
                    continue
                episode.seen_at, episode.value = now, alert.value
                episode.peak = max(episode.peak, alert.value)
                # Who came at any time during the gap stays named.
                others = {"others": episode.labels["others"]} if "others" in episode.labels else {}
                episode.labels = others | dict(alert.labels)
            for episode in known.values():
                if episode.alert in CLOSE_AT_ONCE or now - episode.seen_at >= CLOSE_AFTER:
                    self._close(session, episode, snapshot, now)
                    changed.append(episode)
            if changed and is_public(session, *changed):
                revision.advance(session)
            session.commit()

    def _close(self, session: Session, episode: Episode, snapshot: Snapshot, now: datetime) -> None:
        episode.closed_at = now
        if episode.alert != EXPORTER_STALE:
            chain.append(
                session,
                "monitoring.episode.closed",
                actor=ACTOR,
                at=now,
                alert=episode.alert,
                seconds=int((now - episode.opened_at).total_seconds()),
                labels=dict(episode.labels),
            )
            return
        names = str(episode.labels.get("scraper", "")).split(", ")
        back = [
            one.last_scrape_at
            for one in snapshot.metrics.scrapers
            if one.name in names and one.last_scrape_at is not None
        ]
        until = min(back, default=now)
        # The gap ends with the first scrape, not with the look that found it.
        episode.closed_at = max(until, episode.opened_at)
        chain.append(
            session,
            "monitoring.exporter.recovered",
            actor=ACTOR,
            at=now,
            scraper=", ".join(names),
            since=clock.iso(episode.opened_at),
            until=clock.iso(until),
            gap_seconds=max(0, int((until - episode.opened_at).total_seconds())),
        )


def sweep(session: Session, *, now: datetime) -> None:
    """Forget episodes that were closed more than 400 days ago."""
    session.execute(delete(Episode).where(Episode.closed_at <= now - KEPT))
