"""What each monitor is now, and the spans of what it was; uptime and timelines come from spans."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import JSON, ForeignKey, Index, String, and_, delete, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.monitors.health import Health
from portal.monitors.judging import Rule
from portal.monitors.monitor import Kind, Monitor
from portal.store.base import Base

NOT_YET = "Not looked at yet"
DETAIL = 200
KEPT = timedelta(days=731)


class MonitorState(Base):
    """How a monitor is by all that look, as the portal worker wrote it; read it with `health_at`.

    `looked_at` of a heartbeat is when the worker held it against the time last; `blind` are times
    in which nobody listened for it.
    """

    __tablename__ = "monitor_state"

    monitor_id: Mapped[int] = mapped_column(
        ForeignKey("monitor.id", ondelete="CASCADE"), primary_key=True
    )
    health: Mapped[str] = mapped_column(String(10))
    since: Mapped[datetime]
    detail: Mapped[str] = mapped_column(String(DETAIL))
    looked_at: Mapped[datetime | None]
    duration_ms: Mapped[float | None]
    answer: Mapped[str] = mapped_column(String(DETAIL))
    certificate_expires_at: Mapped[datetime | None]
    blind: Mapped[list[list[float]]] = mapped_column(JSON)


class MonitorSpan(Base):
    """A time in which a monitor was one thing; open without an end."""

    __tablename__ = "monitor_span"

    id: Mapped[int] = mapped_column(primary_key=True)
    monitor_id: Mapped[int] = mapped_column(ForeignKey("monitor.id", ondelete="CASCADE"))
    health: Mapped[str] = mapped_column(String(10))
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    detail: Mapped[str] = mapped_column(String(DETAIL))

    __table_args__ = (Index("ix_monitor_span_time", "monitor_id", "began_at"),)


def health_at(monitor: Monitor, state: MonitorState | None, *, now: datetime) -> Health:
    """What a monitor is at an instant: unknown where nobody looked for too long, or none may."""
    if state is None or monitor.is_paused:
        return Health.UNKNOWN
    is_stale = state.looked_at is None or abs(now - state.looked_at) > patience(monitor)
    return Health.UNKNOWN if is_stale else Health(state.health)


def patience(monitor: Monitor) -> timedelta:
    """How long what was seen holds; the worker confirms heartbeats each minute."""
    return patience_of(monitor.kind, monitor.rule)


def patience_of(kind: str, rule: Rule) -> timedelta:
    """The same of a kind and its rule."""
    return timedelta(minutes=3) if kind == Kind.HEARTBEAT else rule.stale_after


def since_at(monitor: Monitor, state: MonitorState | None, *, now: datetime) -> datetime | None:
    """Since when it is that."""
    if state is None:
        return None
    health = health_at(monitor, state, now=now)
    if health is Health(state.health) or state.looked_at is None or monitor.is_paused:
        return state.since
    return min(now, state.looked_at + patience(monitor))


def by_monitor(session: Session, ids: Iterable[int] | None = None) -> dict[int, MonitorState]:
    """The states of these monitors, or of all."""
    query = select(MonitorState)
    if ids is not None:
        query = query.where(MonitorState.monitor_id.in_(list(ids)))
    return {row.monitor_id: row for row in session.scalars(query)}


def spans(
    session: Session, ids: Iterable[int], *, since: datetime, limit: int | None = None
) -> list[MonitorSpan]:
    """Spans that reach beyond `since`, the latest first."""
    query = (
        select(MonitorSpan)
        .where(
            MonitorSpan.monitor_id.in_(list(ids)),
            or_(MonitorSpan.ended_at.is_(None), MonitorSpan.ended_at > since),
        )
        .order_by(MonitorSpan.began_at.desc(), MonitorSpan.id.desc())
        .limit(limit)
    )
    return list(session.scalars(query))


def turn(
    session: Session, monitor_id: int, health: Health, *, since: datetime, detail: str
) -> None:
    """End the open span of a monitor and begin the next."""
    session.execute(
        update(MonitorSpan)
        .where(MonitorSpan.monitor_id == monitor_id, MonitorSpan.ended_at.is_(None))
        .values(ended_at=since)
    )
    session.add(
        MonitorSpan(
            monitor_id=monitor_id, health=health.value, began_at=since, detail=detail[:DETAIL]
        )
    )


def sweep(session: Session, *, now: datetime) -> None:
    """Forget spans that ended more than two years ago."""
    session.execute(
        delete(MonitorSpan).where(
            and_(MonitorSpan.ended_at.is_not(None), MonitorSpan.ended_at < now - KEPT)
        )
    )
