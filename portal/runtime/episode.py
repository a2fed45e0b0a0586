"""The row of an episode: an alert from its opening to its closing."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from sqlalchemy import JSON, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.runtime.snapshot import Alert
from portal.store.base import Base


class Source(StrEnum):
    """Who says that an alert holds."""

    PORTAL = "portal"
    ALERTMANAGER = "alertmanager"
    MONITOR = "monitor"


class Closing(StrEnum):
    """How an alert of others ended, if not by its sender's own word."""

    OPERATOR = "operator"
    LAPSED = "lapsed"


class Episode(Base):
    """One episode; `opened_at` is since when the alert held, `peak` the worst value seen.

    `changed_at` is when the portal learnt that it holds, or holds otherwise than before.
    """

    __tablename__ = "episode"

    id: Mapped[int] = mapped_column(primary_key=True)
    alert: Mapped[str] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(String(200))
    title: Mapped[str] = mapped_column(String(120))
    severity: Mapped[str] = mapped_column(String(10))
    opened_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    changed_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None] = mapped_column(index=True)
    value: Mapped[float]
    peak: Mapped[float]
    threshold: Mapped[float]
    unit: Mapped[str] = mapped_column(String(20))
    labels: Mapped[dict[str, Any]] = mapped_column(JSON)
    source: Mapped[str] = mapped_column(String(12), server_default=Source.PORTAL.value)
    closed_by: Mapped[str | None] = mapped_column(String(12))
    # Who takes care of it, and since when.
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None] = mapped_column(String(120))

    __table_args__ = (
        Index(
            "uq_episode_open",
            "alert",
            "subject",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    @classmethod
    def begun(
        cls,
        *,
        alert: str,
        subject: str,
        title: str,
        severity: str,
        since: datetime,
        labels: Mapping[str, Any],
        source: Source,
        unit: str,
        value: float = 1.0,
        threshold: float = 0.0,
        now: datetime,
    ) -> Self:
        """One that has begun and goes on, not stored yet."""
        return cls(
            alert=alert,
            subject=subject,
            title=title,
            severity=severity,
            opened_at=since,
            seen_at=now,
            changed_at=now,
            closed_at=None,
            value=value,
            peak=value,
            threshold=threshold,
            unit=unit,
            labels=dict(labels),
            source=source,
        )

    def concerns(self, slug: str, alerts: Iterable[str]) -> bool:
        """Whether it impairs the component of this slug, which depends on these alerts."""
        # An alert of others, or of a monitor, may name its component itself.
        labelled = self.labels.get("component") if self.source != Source.PORTAL else None
        return slug == labelled or bool({self.alert, f"{self.alert}:{self.subject}"} & set(alerts))


def of_alert(alert: Alert, *, now: datetime) -> Episode:
    """The episode of an alert of the portal that holds, not stored yet."""
    return Episode.begun(
        alert=alert.id,
        subject=alert.subject,
        title=alert.title,
        severity=alert.severity,
        since=alert.since,
        value=alert.value,
        threshold=alert.threshold,
        unit=alert.unit,
        labels=alert.labels,
        source=Source.PORTAL,
        now=now,
    )
