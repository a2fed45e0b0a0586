"""The nodes that look: each says once a minute that it is there, under a name and with labels."""

from datetime import datetime, timedelta

from sqlalchemy import JSON, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.monitors.node_views import MonitorView
from portal.store.base import Base

SEEN_WITHIN = timedelta(seconds=60)
KEPT = timedelta(days=7)


class MonitorNode(Base):
    """A node; its number stands in the rows of results."""

    __tablename__ = "monitor_node"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    labels: Mapped[list[str]] = mapped_column(JSON)
    seen_at: Mapped[datetime]


def report(session: Session, name: str, labels: list[str], *, now: datetime) -> int:
    """Say that a node is there; gives its number."""
    row = session.scalar(select(MonitorNode).where(MonitorNode.name == name))
    if row is None:
        row = MonitorNode(name=name)
        session.add(row)
    row.labels, row.seen_at = labels, now
    session.flush()
    return row.id


def present(session: Session, *, now: datetime) -> dict[int, MonitorNode]:
    """The nodes that were there lately, by number."""
    rows = session.scalars(select(MonitorNode).where(MonitorNode.seen_at > now - SEEN_WITHIN))
    return {row.id: row for row in rows}


def sweep(session: Session, *, now: datetime) -> None:
    """Forget nodes that were not there for long, with what they saw."""
    gone = select(MonitorNode.id).where(MonitorNode.seen_at < now - KEPT)
    session.execute(delete(MonitorView).where(MonitorView.node_id.in_(gone)))
    session.execute(delete(MonitorNode).where(MonitorNode.seen_at < now - KEPT))
