"""Alerts that Alertmanager and Grafana push, as episodes beside the portal's own.

An alert is told apart by its fingerprint and the start of its firing. Deliveries come at least
once and in any order: one that tells nothing new changes nothing, and one that fires after its own
end came in is not taken up again. One that lapsed is taken up again when it is told again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.errors import NotFoundError, RuleError
from portal.runtime import episodes
from portal.runtime.alertmanager import Delivery, ForeignAlert, Taken
from portal.runtime.episode import Closing, Episode, Source
from portal.runtime.episodes import KEPT
from portal.runtime.snapshot import Alert
from portal.schemas import Camel
from portal.store import revision
from portal.store.errors import again_if_taken
from portal.unit_of_work import Acts, By, Transaction, act

ACTOR = "alertmanager"
LAPSED_SHOWN = timedelta(hours=24)


class EpisodeEnd(Camel):
    """Which alert an operator ends; `subject` is its fingerprint."""

    alert: str
    subject: str


class EpisodeOut(Camel):
    alert: str
    subject: str
    title: str
    opened_at: datetime
    closed_at: datetime | None
    closed_by: Closing | None


class ForeignAlerts(Acts):
    """What senders tell, what operators end, and what lapses.

    The board's revision moves in the same transaction, but only where a component is concerned: a
    sender repeats itself for as long as an alert holds.
    """

    revision = None

    def __init__(
        self,
        open_session: Callable[[], Session],
        on_change: Callable[[], None] = lambda: None,
        *,
        expires: timedelta | None = None,
    ) -> None:
        super().__init__(open_session, on_change)
        self._expires = expires

    @again_if_taken
    @act
    def take(self, tx: Transaction, delivery: Delivery) -> Taken:
        """Open and close episodes as a delivery says; two senders may tell of one at once."""
        work = _Work(tx, Taken(skipped=delivery.skipped))
        # What fires goes before what ended, so that one delivery with both ends with the end.
        for alert in sorted(delivery.alerts, key=lambda one: one.status):
            if alert.status == "firing":
                work.fire(alert)
            else:
                work.resolve(alert)
        work.publish()
        return work.taken

    @act
    def end(self, tx: Transaction, alert: str, subject: str) -> Episode:
        """An operator says that it is over; NotFoundError when there is none.

        It stays over until the sender tells of another firing. To end it twice is to end it once.
        """
        rows = _known(tx.session, subject, alert=alert)
        row = next((one for one in rows if one.closed_at is None), None)
        if row is not None:
            work = _Work(tx)
            work.close(row, tx.now, Closing.OPERATOR)
            work.publish()
            return row
        if rows and rows[0].closed_by == Closing.OPERATOR:
            return rows[0]
        if episodes.open_one(tx.session, alert, subject) is not None:
            raise RuleError(
                "alert", "The portal's own alerts end by themselves when their cause is gone."
            )
        raise NotFoundError

    def lapse(self, *, now: datetime) -> int:
        """End what was not told again for too long; how many there were."""
        if self._expires is None:
            return 0
        with self.open_session() as session:
            is_any = session.scalar(_silent(now - self._expires).limit(1)) is not None
        return self._lapse(By(episodes.ACTOR)) if is_any else 0

    @act
    def _lapse(self, tx: Transaction) -> int:
        assert self._expires is not None
        rows = list(tx.session.scalars(_silent(tx.now - self._expires)))
        work = _Work(tx)
        for row in rows:
            work.close(row, tx.now, Closing.LAPSED)
        work.publish()
        return len(rows)


@dataclass
class _Work:
    """What one transaction does to episodes."""

    tx: Transaction
    taken: Taken = field(default_factory=Taken)
    changed: list[Episode] = field(default_factory=list)
    is_public: bool = False

    def fire(self, alert: ForeignAlert) -> None:
        now, session = self.tx.now, self.tx.session
        known, begun = _known(session, alert.fingerprint), _begun(alert, now)
        is_open = next((one for one in known if one.closed_at is None), None)
        same = next((one for one in known if one.opened_at == begun), None)
        if is_open is not None:
            self._repeat(is_open, alert)
            self.taken.unchanged += 1
        elif same is not None and same.closed_by == Closing.LAPSED:
            same.closed_at = same.closed_by = None
            self._repeat(same, alert)
            self._note(same)
            self._audit_opening(same)
            self.taken.opened += 1
        elif same is not None or not _is_free(session, alert):
            self.taken.unchanged += 1
        else:
            self._open(alert, begun or now)
            self.taken.opened += 1

    def resolve(self, alert: ForeignAlert) -> None:
        now, session = self.tx.now, self.tx.session
        known, begun = _known(session, alert.fingerprint), _begun(alert, now)
        is_open = next((one for one in known if one.closed_at is None), None)
        is_new = begun is not None and all(one.opened_at != begun for one in known)
        ended = min(alert.ends_at or now, now)
        if is_open is not None and ended >= is_open.opened_at:
            self.close(is_open, ended)
            self.taken.closed += 1
        elif begun is not None and is_new and is_open is None and _is_free(session, alert):
            # Its beginning was never delivered, or comes late: on record it is whole all the same.
            self.close(self._open(alert, begun), max(ended, begun))
            self.taken.opened += 1
            self.taken.closed += 1
        else:
            self.taken.unchanged += 1

    def close(self, row: Episode, ended: datetime, closing: Closing | None = None) -> None:
        row.closed_at, row.closed_by = ended, closing
        self.changed.append(row)
        seconds, labels = int((ended - row.opened_at).total_seconds()), dict(row.labels)
        event = f"monitoring.episode.{_ENDINGS[closing]}"
        self.tx.audit(event, alert=row.alert, seconds=seconds, labels=labels)

    def publish(self) -> None:
        """The public page follows at once where a component depends on what changed.

        The last statement, as in all acts: rows are locked in one order.
        """
        session = self.tx.session
        if self.is_public or (self.changed and episodes.is_public(session, *self.changed)):
            revision.advance(session)

    def _open(self, alert: ForeignAlert, begun: datetime) -> Episode:
        row = Episode.begun(
            alert=alert.name,
            subject=alert.fingerprint,
            title=alert.title,
            severity=alert.severity,
            since=begun,
            unit="alerts",
            labels=alert.kept_labels,
            source=Source.ALERTMANAGER,
            now=self.tx.now,
        )
        self.tx.session.add(row)
        self.tx.session.flush()
        self._note(row)
        self._audit_opening(row)
        return row

    def _repeat(self, row: Episode, alert: ForeignAlert) -> None:
        """The sender's latest word; told alike, it is the same alert still."""
        told = (alert.severity, alert.kept_labels.get("component"))
        if told != (row.severity, row.labels.get("component")):
            # The component that it spoke of before may be another one.
            self.is_public = self.is_public or episodes.is_public(self.tx.session, row)
            self._note(row)
        row.seen_at, row.severity, row.title = self.tx.now, alert.severity, alert.title
        row.labels = alert.kept_labels

    def _note(self, row: Episode) -> None:
        row.changed_at = self.tx.now
        self.changed.append(row)

    def _audit_opening(self, row: Episode) -> None:
        self.tx.audit(
            "monitoring.episode.opened",
            alert=row.alert,
            value=row.value,
            threshold=row.threshold,
            labels=dict(row.labels),
        )


_ENDINGS = {None: "closed", Closing.OPERATOR: "ended", Closing.LAPSED: "lapsed"}


def shown(episode: Episode) -> Alert:
    """An episode among the alerts of a snapshot, which is open or has lapsed."""
    return Alert(
        id=episode.alert,
        title=episode.title,
        severity=episode.severity,
        since=episode.opened_at,
        value=episode.value,
        threshold=episode.threshold,
        unit=episode.unit,
        labels={name: str(value) for name, value in episode.labels.items()},
        runbook=str(episode.labels.get("runbook_url", "")),
        subject=episode.subject,
        source=Source(episode.source),
        acknowledged_at=episode.acknowledged_at,
        acknowledged_by=episode.acknowledged_by,
        lapsed_at=episode.closed_at,
    )


def _silent(before: datetime) -> Any:
    return (
        select(Episode)
        .where(
            Episode.source == Source.ALERTMANAGER,
            Episode.closed_at.is_(None),
            Episode.seen_at < before,
        )
        .order_by(Episode.id)
    )


def _known(session: Session, subject: str, *, alert: str | None = None) -> list[Episode]:
    """The latest firings of an alert, the last one first."""
    wanted = select(Episode).where(
        Episode.source == Source.ALERTMANAGER, Episode.subject == subject
    )
    if alert is not None:
        wanted = wanted.where(Episode.alert == alert)
    return list(session.scalars(wanted.order_by(Episode.opened_at.desc()).limit(20)))


def _begun(alert: ForeignAlert, now: datetime) -> datetime | None:
    """When the firing began; None when it is not said, or longer ago than episodes are kept."""
    start = alert.starts_at
    return min(start, now) if start is not None and start > now - KEPT else None


def _is_free(session: Session, alert: ForeignAlert) -> bool:
    """Whether the portal has no open alert of its own under this name and subject."""
    return episodes.open_one(session, alert.name, alert.fingerprint) is None
