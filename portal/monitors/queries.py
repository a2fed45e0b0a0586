"""Monitors of the database."""

from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.errors import RuleError
from portal.monitors.monitor import Monitor


def find(session: Session, slug: str) -> Monitor | None:
    return session.scalar(select(Monitor).where(Monitor.slug == slug))


def every(session: Session) -> list[Monitor]:
    """All monitors, by name."""
    return list(session.scalars(select(Monitor).order_by(Monitor.name, Monitor.id)))


def of_component(session: Session, slug: str) -> list[Monitor]:
    return list(
        session.scalars(
            select(Monitor).where(Monitor.component == slug).order_by(Monitor.name, Monitor.id)
        )
    )


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Monitor)) or 0


def known(session: Session, slugs: Iterable[str], *, field: str) -> dict[str, Monitor]:
    """The monitors of these slugs; RuleError names one that is not there."""
    wanted = list(slugs)
    rows = {
        row.slug: row for row in session.scalars(select(Monitor).where(Monitor.slug.in_(wanted)))
    }
    for slug in wanted:
        if slug not in rows:
            raise RuleError(field, f"No monitor has the slug {slug}.")
    return rows
