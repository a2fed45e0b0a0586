"""The rows of an incident, and what may be said of one when."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.errors import RuleError
from portal.status.translations import Texts
from portal.store.base import Base


class Progress(StrEnum):
    """How far the work on an incident is."""

    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"


class ImpactLevel(StrEnum):
    NONE = "none"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


class Category(StrEnum):
    """Kinds of root causes."""

    NETWORK_ACL = "network_acl"
    SCRAPER_CRASH = "scraper_crash"
    DEPLOY = "deploy"
    CAPACITY = "capacity"
    DEPENDENCY = "dependency"
    OTHER = "other"


class LinkKind(StrEnum):
    EPISODE = "episode"
    WINDOW = "window"
    ANNOUNCEMENT = "announcement"


class Incident(Base):
    """One incident; what it does to components stands in spans."""

    __tablename__ = "incident"

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(16), unique=True)
    title: Mapped[str] = mapped_column(String(240))
    # By language, what there is of its title.
    translations: Mapped[Texts] = mapped_column(JSON, default=dict, server_default=text("'{}'"))
    impact: Mapped[str] = mapped_column(String(12))
    status: Mapped[str] = mapped_column(String(16))
    audiences: Mapped[list[str]] = mapped_column(JSON)
    started_at: Mapped[datetime] = mapped_column(index=True)
    resolved_at: Mapped[datetime | None] = mapped_column(index=True)
    next_update_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None] = mapped_column(String(120))
    root_cause_category: Mapped[str | None] = mapped_column(String(20))
    links: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    opened_by: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int]


class IncidentUpdate(Base):
    """A line of one of the two timelines: the public one, or the notes inside."""

    __tablename__ = "incident_update"

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(
        ForeignKey("incident.id", ondelete="CASCADE"), index=True
    )
    at: Mapped[datetime]
    status: Mapped[str | None] = mapped_column(String(16))
    message: Mapped[str] = mapped_column(Text)
    # By language, its message.
    translations: Mapped[Texts] = mapped_column(JSON, default=dict, server_default=text("'{}'"))
    is_public: Mapped[bool]
    author: Mapped[str] = mapped_column(String(120))


class Capture(Base):
    """The runtime snapshot at an instant, as it was hashed."""

    __tablename__ = "incident_capture"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    incident_id: Mapped[int] = mapped_column(
        ForeignKey("incident.id", ondelete="CASCADE"), index=True
    )
    captured_at: Mapped[datetime]
    captured_by: Mapped[str] = mapped_column(String(120))
    sha256: Mapped[str] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(Text)


def check_start(started_at: datetime, *, now: datetime) -> None:
    if started_at > now:
        raise RuleError(
            "startedAt",
            "An incident cannot start in the future. Schedule a maintenance window instead.",
        )
