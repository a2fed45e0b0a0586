"""Alertmanager's webhook, version 4: its alerts as episodes, beside the portal's own.

An alert is told apart by its fingerprint and the start of its firing. Alertmanager delivers at
least once and in any order: a delivery that tells nothing new changes nothing, and one that fires
after its own end came in is not taken up again.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit import chain
from portal.runtime.episodes import Episode, Source
from portal.runtime.snapshot import Alert

ACTOR = "alertmanager"
MOST_ALERTS = 500
MOST_LABELS = 30
_LONGEST = 200

Text = Annotated[str, StringConstraints(max_length=5000)]


class _Foreign(BaseModel):
    """Alertmanager may add fields in time; those are its own."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


class ForeignAlert(_Foreign):
    status: Literal["firing", "resolved"]
    labels: dict[str, Text] = Field(max_length=200)
    annotations: dict[str, Text] = Field(default={}, max_length=200)
    starts_at: AwareDatetime
    ends_at: AwareDatetime | None = None
    fingerprint: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8,64}$")]


class Delivery(_Foreign):
    """One POST: a group of alerts that changed or are told again."""

    version: Literal["4"]
    alerts: list[ForeignAlert] = Field(max_length=MOST_ALERTS)


class Taken(BaseModel):
    """What a delivery changed."""

    opened: int = 0
    closed: int = 0
    unchanged: int = 0


def take(session: Session, delivery: Delivery, *, now: datetime) -> Taken:
    """Open and close episodes in the caller's write transaction."""
    taken = Taken()
    # What fires goes before what ended, so that one delivery with both ends with the end.
    for alert in sorted(delivery.alerts, key=lambda one: one.status):
        known = list(
            session.scalars(
                select(Episode)
                .where(Episode.source == Source.ALERTMANAGER, Episode.subject == alert.fingerprint)
                .order_by(Episode.opened_at.desc())
                .limit(20)
                .with_for_update()
            )
        )
        begun = min(alert.starts_at.astimezone(UTC), now)
        is_open = next((one for one in known if one.closed_at is None), None)
        same = next((one for one in known if one.opened_at == begun), None)
        if alert.status == "firing":
            if is_open is not None:
                is_open.seen_at, is_open.labels = now, _labels(alert)
                taken.unchanged += 1
            elif same is not None:
                taken.unchanged += 1
            else:
                _open(session, alert, begun, now)
                taken.opened += 1
            continue
        ended = min((alert.ends_at or now).astimezone(UTC), now)
        if is_open is not None and ended >= is_open.opened_at:
            _close(session, is_open, ended, now)
            taken.closed += 1
        elif same is None and is_open is None:
            # Its beginning was never delivered, or comes late: on record it is whole all the same.
            _close(session, _open(session, alert, begun, now), max(ended, begun), now)
            taken.opened += 1
            taken.closed += 1
        else:
            taken.unchanged += 1
    return taken


def shown(episode: Episode) -> Alert:
    """An open episode among the alerts of a snapshot."""
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
        source=Source.ALERTMANAGER,
    )


def _open(session: Session, alert: ForeignAlert, begun: datetime, now: datetime) -> Episode:
    name = alert.labels.get("alertname", "alert")[:40]
    severity = "critical" if alert.labels.get("severity") == "critical" else "warning"
    title = alert.annotations.get("summary") or name
    row = Episode(
        alert=name,
        subject=alert.fingerprint,
        title=title[:120],
        severity=severity,
        opened_at=begun,
        seen_at=now,
        closed_at=None,
        value=1.0,
        peak=1.0,
        threshold=0.0,
        unit="alerts",
        labels=_labels(alert),
        source=Source.ALERTMANAGER,
    )
    session.add(row)
    session.flush()
    chain.append(
        session,
        "monitoring.episode.opened",
        actor=ACTOR,
        at=now,
        alert=name,
        value=1.0,
        threshold=0.0,
        labels=dict(row.labels),
    )
    return row


def _close(session: Session, episode: Episode, ended: datetime, now: datetime) -> None:
    episode.closed_at = ended
    chain.append(
        session,
        "monitoring.episode.closed",
        actor=ACTOR,
        at=now,
        alert=episode.alert,
        seconds=int((ended - episode.opened_at).total_seconds()),
        labels=dict(episode.labels),
    )


def _labels(alert: ForeignAlert) -> dict[str, str]:
    """Labels, with the runbook's address among them if it is one for the web; bounded."""
    found = dict(list(alert.labels.items())[:MOST_LABELS])
    runbook = alert.annotations.get("runbook_url", "")
    if runbook.startswith(("https://", "http://")):
        found["runbook_url"] = runbook
    return {name[:_LONGEST]: value[:_LONGEST] for name, value in found.items()}
