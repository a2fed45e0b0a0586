"""Which blocks there are, and which are in force."""

from datetime import datetime, timedelta

from sqlalchemy import and_, delete, func, or_, select
from sqlalchemy.orm import Session

from portal.guard.blocks.block import REPEATS_WITHIN, Block, BlockScope
from portal.store import pages
from portal.store.choices import ALL, Choice
from portal.store.pages import Part

KEPT = timedelta(days=400)
SWEPT_AT_ONCE = 2000
# The parts of a list, by which it can be chosen.
PARTS = ("active", "over")


def find(session: Session, ref: str) -> Block | None:
    """By id, or the one of that value that ends last and was not removed."""
    return session.get(Block, ref) or session.scalar(
        select(Block)
        .where(Block.value == ref, Block.removed_at.is_(None))
        .order_by(Block.until.desc())
        .limit(1)
    )


def active(session: Session, *, now: datetime) -> list[Block]:
    """All that are in force."""
    return list(session.scalars(select(Block).where(Block.until > now, Block.removed_at.is_(None))))


def page(
    session: Session,
    *,
    now: datetime,
    only_active: bool,
    limit: int,
    offset: int,
    choice: Choice = ALL,
) -> tuple[list[Block], int]:
    """Blocks, those in force first and the newest first, and how many there are."""
    is_in_force = and_(Block.until > now, Block.removed_at.is_(None))
    is_over = or_(Block.until <= now, Block.removed_at.is_not(None))
    query = select(Block).where(
        *choice.has_text(Block.value, Block.reason),
        *choice.overlaps(Block.created_at, func.coalesce(Block.removed_at, Block.until)),
    )
    parts = [Part(is_in_force, Block.created_at), Part(is_over, Block.created_at)]
    only = 0 if only_active else choice.part(PARTS)
    return pages.of_parts(session, query, parts, limit=limit, offset=offset, only=only)


def open_ones(session: Session, scope: str, value: str, *, but: str = "") -> list[Block]:
    """Others of the same: in force, or run out without that being on record; one at most."""
    query = select(Block).where(
        Block.value == value,
        Block.scope == scope,
        Block.removed_at.is_(None),
        ~Block.expiry_noted,
        Block.id != but,
    )
    return list(session.scalars(query))


def recent(session: Session, value: str, *, now: datetime) -> list[Block]:
    """Those of an address that are in force, or were within a day."""
    query = select(Block).where(
        Block.value == value,
        Block.scope == BlockScope.IP,
        Block.removed_at.is_(None),
        Block.until > now - REPEATS_WITHIN,
    )
    return list(session.scalars(query))


def expired(session: Session, *, now: datetime, most: int) -> list[Block]:
    """Those that ran out and whose end is not in the audit log yet."""
    query = (
        select(Block)
        .where(Block.until <= now, Block.removed_at.is_(None), ~Block.expiry_noted)
        .order_by(Block.until)
        .limit(most)
    )
    return list(session.scalars(query))


def sweep(session: Session, *, now: datetime) -> bool:
    """Forget some of those that ended more than 400 days ago; whether there may be more.

    What they were stays in the audit log. No block lasts for years, so those that were removed are
    found by the end that they were to have.
    """
    ended = (
        select(Block.id)
        .where(Block.until <= now - KEPT, or_(Block.removed_at.is_not(None), Block.expiry_noted))
        .order_by(Block.until)
        .limit(SWEPT_AT_ONCE)
    )
    gone = session.execute(delete(Block).where(Block.id.in_(ended)))
    return bool(gone.rowcount == SWEPT_AT_ONCE)  # type: ignore[attr-defined]
