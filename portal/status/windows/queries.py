"""Windows of the database."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from portal.status.windows.window import Window, WindowStatus


def is_published() -> ColumnElement[bool]:
    """The condition that a window is neither cancelled nor a proposal still."""
    return and_(Window.cancelled_at.is_(None), Window.awaits_approval.is_(False))


def find(session: Session, ref: str) -> Window | None:
    """By id or reference."""
    if ref.isascii() and ref.isdigit() and len(ref) < 10:
        return session.get(Window, int(ref))
    return session.scalar(select(Window).where(Window.reference == ref))


def page(session: Session, *, limit: int, offset: int) -> tuple[list[Window], int]:
    """A page, latest start first, and how many there are."""
    total = session.scalar(select(func.count()).select_from(Window)) or 0
    rows = session.scalars(
        select(Window).order_by(Window.starts_at.desc(), Window.id).limit(limit).offset(offset)
    )
    return list(rows), total


def running(session: Session, *, now: datetime) -> list[Window]:
    """Those that are active at `now`, the earliest end first."""
    rows = session.scalars(
        select(Window)
        .where(Window.starts_at <= now, Window.ends_at > now, is_published())
        .order_by(Window.ends_at)
    )
    return [row for row in rows if row.status_at(now) is WindowStatus.ACTIVE]


def overlapping(session: Session, row: Window) -> list[str]:
    """References of other windows that share some time with this one."""
    if row.ended_at is not None or row.cancelled_at is not None:
        return []
    others = session.scalars(
        select(Window.reference)
        .where(
            Window.id != row.id,
            Window.cancelled_at.is_(None),
            Window.starts_at < row.ends_at,
            Window.ends_at > row.starts_at,
            or_(Window.ended_at.is_(None), Window.ended_at > row.starts_at),
        )
        .order_by(Window.starts_at)
        .limit(20)
    )
    return list(others)
