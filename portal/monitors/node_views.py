"""What each node sees of a monitor: its own judgement, its last look, and the evidence."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, SmallInteger, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal import clock
from portal.monitors.health import Health, Outcome
from portal.monitors.judging import Judgement, Result
from portal.monitors.states import DETAIL
from portal.store.base import Base


class MonitorView(Base):
    """What one node sees; `memory` is what its judging goes on from.

    `evidence` is what the last look that failed brought, `good` the last that did not.
    """

    __tablename__ = "monitor_view"

    monitor_id: Mapped[int] = mapped_column(
        ForeignKey("monitor.id", ondelete="CASCADE"), primary_key=True
    )
    node_id: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    looked_at: Mapped[datetime]
    outcome: Mapped[int] = mapped_column(SmallInteger)
    detail: Mapped[str] = mapped_column(String(DETAIL))
    duration_ms: Mapped[float | None]
    certificate_expires_at: Mapped[datetime | None]
    evidence: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    good: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    memory: Mapped[dict[str, Any]] = mapped_column(JSON)


def remember(found: Judgement) -> dict[str, Any]:
    """A judgement of one node as it is stored."""
    return {
        "health": found.health.value,
        "since": found.since.timestamp() if found.since else None,
        "tail": [[one.at.timestamp(), int(one.outcome)] for one in found.tail],
        "falls": [one.timestamp() for one in found.falls],
    }


def recall(stored: dict[str, Any]) -> Judgement:
    """The same, read again."""
    since = stored.get("since")
    return Judgement(
        Health(stored.get("health", Health.UNKNOWN)),
        clock.at(since) if since is not None else None,
        tuple(Result(clock.at(at), Outcome(found)) for at, found in stored.get("tail", [])),
        tuple(clock.at(at) for at in stored.get("falls", [])),
    )


def of(
    session: Session, monitor_ids: Iterable[int], *, nodes: Iterable[int] | None = None
) -> list[MonitorView]:
    """What the nodes see of some monitors, the latest look first; of all nodes, or of some."""
    query = (
        select(MonitorView)
        .where(MonitorView.monitor_id.in_(list(monitor_ids)))
        .order_by(MonitorView.looked_at.desc())
    )
    if nodes is not None:
        query = query.where(MonitorView.node_id.in_(list(nodes)))
    return list(session.scalars(query))


def since(session: Session, moment: datetime) -> list[MonitorView]:
    """What was seen from an instant on."""
    return list(session.scalars(select(MonitorView).where(MonitorView.looked_at >= moment)))
