"""Incidents: unplanned events with a public timeline, notes inside, and what was captured."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import JSON, ForeignKey, String, Text, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.status.announcements import Audiences, Message, Title
from portal.status.components import Component, Impact, Span, State
from portal.status.terms import Audience, Camel, Instant, RuleError
from portal.store.base import Base

Words = Annotated[Message, Field(min_length=1)]


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


class Link(Camel):
    """What an incident belongs to: an episode's number, a window's or an announcement's name."""

    kind: LinkKind
    ref: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[\w.-]+$")]


class IncidentIn(Camel):
    """A new incident; `message` is its first public update."""

    title: Title
    impact: ImpactLevel
    status: Progress = Progress.INVESTIGATING
    message: Words
    components: list[Impact] = Field(default=[], max_length=100)
    audiences: Audiences = [Audience.PUBLIC]
    started_at: Instant | None = None
    next_update_at: Instant | None = None
    links: list[Link] = Field(default=[], max_length=20)


class IncidentEdit(Camel):
    """What can be put right later; the timelines stay."""

    title: Title
    impact: ImpactLevel
    audiences: Audiences = [Audience.PUBLIC]
    started_at: Instant
    next_update_at: Instant | None = None
    links: list[Link] = Field(default=[], max_length=20)


class UpdateIn(Camel):
    """A public update; `components` names all that are impaired from now on, if it is given."""

    status: Progress
    message: Words
    components: list[Impact] | None = Field(default=None, max_length=100)
    at: Instant | None = None
    next_update_at: Instant | None = None
    root_cause_category: Category | None = None


class NoteIn(Camel):
    """A note for operators alone."""

    message: Words
    at: Instant | None = None


class UpdateOut(Camel):
    at: datetime
    status: Progress | None
    message: str
    is_public: bool
    author: str


class CaptureOut(Camel):
    id: str
    sha256: str
    captured_at: datetime


class IncidentOut(Camel):
    """An incident as the admin API answers it, both timelines the newest first."""

    reference: str
    title: str
    impact: ImpactLevel
    status: Progress
    components: list[Impact]
    audiences: list[Audience]
    started_at: datetime
    resolved_at: datetime | None
    next_update_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    root_cause_category: Category | None
    links: list[Link]
    updates: list[UpdateOut]
    notes: list[UpdateOut]
    captures: list[CaptureOut]
    version: int


def check_progress(row: Incident, wish: UpdateIn, *, now: datetime) -> datetime:
    """The instant of an update; RuleError when it contradicts what has been said."""
    at = wish.at or now
    if at > now:
        raise RuleError("at", "An update cannot lie in the future.")
    if at < row.started_at:
        raise RuleError("at", "An update cannot lie before the start of the incident.")
    is_end = wish.status is Progress.RESOLVED
    if row.status == Progress.RESOLVED and not is_end:
        raise RuleError("status", "This incident is resolved; open a new one.")
    if is_end and wish.root_cause_category is None and row.root_cause_category is None:
        names = ", ".join(Category)
        raise RuleError("rootCauseCategory", f"Say what it was: one of {names}.")
    if not is_end and wish.root_cause_category is not None:
        raise RuleError("rootCauseCategory", "The category is said when it is resolved.")
    if is_end and wish.components:
        raise RuleError("components", "Nothing is impaired any more when it is resolved.")
    if wish.next_update_at is not None and (is_end or wish.next_update_at <= at):
        raise RuleError("nextUpdateAt", "The next update comes after this one, and not after all.")
    return at


def check_start(started_at: datetime, *, now: datetime) -> None:
    if started_at > now:
        raise RuleError("startedAt", "An incident cannot start in the future; plan a window.")


def next_reference(session: Session, *, now: datetime) -> str:
    """The next reference of this year; the caller holds the write lock."""
    stem = f"INC-{now:%Y}-"
    last = session.scalar(
        select(func.max(Incident.reference)).where(Incident.reference.startswith(stem))
    )
    return f"{stem}{int(last.removeprefix(stem)) + 1 if last else 1:04d}"


def find(session: Session, reference: str) -> Incident | None:
    return session.scalar(select(Incident).where(Incident.reference == reference.upper()))


def page(
    session: Session, *, limit: int, offset: int, is_open: bool | None = None
) -> tuple[list[Incident], int]:
    """A page, the latest start first, and how many there are."""
    query = select(Incident)
    if is_open is not None:
        query = query.where(
            Incident.resolved_at.is_(None) if is_open else Incident.resolved_at.is_not(None)
        )
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.scalars(
        query.order_by(Incident.started_at.desc(), Incident.id.desc()).limit(limit).offset(offset)
    )
    return list(rows), total


def around(session: Session, *, since: datetime, most: int) -> list[Incident]:
    """Those that are open, or were resolved after `since`; the latest first."""
    return list(
        session.scalars(
            select(Incident)
            .where(or_(Incident.resolved_at.is_(None), Incident.resolved_at > since))
            .order_by(Incident.started_at.desc())
            .limit(most)
        )
    )


def between(session: Session, begin: datetime, end: datetime) -> list[Incident]:
    """Those that started in a span, the latest first."""
    return list(
        session.scalars(
            select(Incident)
            .where(Incident.started_at >= begin, Incident.started_at < end)
            .order_by(Incident.started_at.desc())
        )
    )


def updates_of(session: Session, ids: list[int]) -> dict[int, list[IncidentUpdate]]:
    """Both timelines of several incidents, the newest first."""
    found: dict[int, list[IncidentUpdate]] = {}
    rows = session.scalars(
        select(IncidentUpdate)
        .where(IncidentUpdate.incident_id.in_(ids))
        .order_by(IncidentUpdate.at.desc(), IncidentUpdate.id.desc())
    )
    for row in rows:
        found.setdefault(row.incident_id, []).append(row)
    return found


def impacts_of(session: Session, ids: list[int]) -> dict[int, list[Impact]]:
    """What several incidents do, or did at last, to components."""
    last: dict[int, dict[str, Span]] = {}
    rows = session.execute(
        select(Span, Component.slug)
        .join(Component, Component.id == Span.component_id)
        .where(Span.incident_id.in_(ids))
        .order_by(Span.began_at, Span.id)
    )
    for span, slug in rows:
        assert span.incident_id is not None
        last.setdefault(span.incident_id, {})[slug] = span
    return {
        number: [
            Impact(component=slug, state=State(span.state)) for slug, span in sorted(spans.items())
        ]
        for number, spans in last.items()
    }


def captures_of(session: Session, incident_id: int) -> list[Capture]:
    """The captures of an incident, the latest first."""
    return list(
        session.scalars(
            select(Capture)
            .where(Capture.incident_id == incident_id)
            .order_by(Capture.captured_at.desc())
        )
    )


def out(session: Session, row: Incident) -> IncidentOut:
    """The row with its timelines as the API shows it."""
    lines = [
        UpdateOut(
            at=one.at,
            status=Progress(one.status) if one.status else None,
            message=one.message,
            is_public=one.is_public,
            author=one.author,
        )
        for one in updates_of(session, [row.id]).get(row.id, [])
    ]
    values: dict[str, Any] = {
        name: getattr(row, name)
        for name in IncidentOut.model_fields
        if name not in {"components", "updates", "notes", "captures"}
    }
    return IncidentOut.model_validate(
        values
        | {
            "components": impacts_of(session, [row.id]).get(row.id, []),
            "updates": [one for one in lines if one.is_public],
            "notes": [one for one in lines if not one.is_public],
            "captures": [
                CaptureOut(id=one.id, sha256=one.sha256, captured_at=one.captured_at)
                for one in captures_of(session, row.id)
            ],
        }
    )
