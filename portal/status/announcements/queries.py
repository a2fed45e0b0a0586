"""Announcements of the database."""

from datetime import datetime
from functools import cache

from sqlalchemy import ColumnElement, Select, and_, func, not_, or_, select
from sqlalchemy.orm import Session

from portal.status import bounded, slugs
from portal.status.announcements.announcement import Announcement
from portal.status.bounded import BOUNDS, NOW, SINCE, Bounds, Moment
from portal.store import pages
from portal.store.choices import ALL, Choice
from portal.store.pages import Part

# The parts of a list, by which it can be chosen.
PARTS = ("running", "draft", "upcoming", "over")


def find(session: Session, ref: str) -> Announcement | None:
    """By id or slug."""
    if ref.isascii() and ref.isdigit() and len(ref) < 10:
        row = session.get(Announcement, int(ref))
        if row is not None:
            return row
    return session.scalar(select(Announcement).where(Announcement.slug == ref))


def for_board(
    session: Session, *, since: datetime, now: datetime, bounds: Bounds = BOUNDS
) -> list[Announcement]:
    """What is published: running, scheduled, or over after `since`; by start."""
    return list(session.scalars(_for_board(bounds), {"now": now, "since": since}))


@cache
def _for_board(bounds: Bounds) -> Select[Announcement]:
    ids = select(Announcement.id).where(Announcement.is_draft.is_(False))
    starts, ends, resolved = (
        Announcement.starts_at,
        Announcement.ends_at,
        Announcement.resolved_at,
    )
    parts = []
    for query, most in (
        (ids.where(_runs(NOW)).order_by(starts.desc(), Announcement.id.desc()), bounds.running),
        (ids.where(_comes(NOW)).order_by(starts, Announcement.id), bounds.next),
        (
            ids.where(resolved > SINCE, resolved <= NOW).order_by(
                resolved.desc(), Announcement.id.desc()
            ),
            bounds.past,
        ),
        (
            ids.where(_is_not_resolved(NOW), ends > SINCE, ends <= NOW).order_by(
                ends.desc(), Announcement.id.desc()
            ),
            bounds.past,
        ),
    ):
        parts += bounded.by_audience(query, Announcement.audiences, most=most)
    return (
        select(Announcement)
        .where(Announcement.id.in_(bounded.union(parts)))
        .order_by(starts, Announcement.id)
    )


def listed(
    session: Session, *, now: datetime, limit: int, offset: int, choice: Choice = ALL
) -> tuple[list[Announcement], int]:
    """A page as operators read it, and how many there are.

    What runs, drafts, what comes by its start, what is over with the latest first. `choice`
    narrows it; its states are those of `PARTS`.
    """
    query = select(Announcement).where(
        *choice.has_text(Announcement.title, Announcement.slug),
        *choice.overlaps(
            Announcement.starts_at, func.coalesce(Announcement.resolved_at, Announcement.ends_at)
        ),
    )
    is_draft = and_(_is_not_resolved(now), Announcement.is_draft)
    runs = and_(_runs(now), Announcement.is_draft.is_(False))
    comes = and_(_comes(now), Announcement.is_draft.is_(False))
    # Nothing in it is unknown: a condition on an end that there is none of would be neither.
    ran_out = and_(Announcement.ends_at.is_not(None), Announcement.ends_at <= now)
    is_over = or_(
        not_(_is_not_resolved(now)),
        and_(Announcement.is_draft.is_(False), Announcement.starts_at <= now, ran_out),
    )
    parts = [
        Part(runs, Announcement.starts_at),
        Part(is_draft, Announcement.starts_at),
        Part(comes, Announcement.starts_at, is_downwards=False),
        Part(is_over, Announcement.starts_at),
    ]
    return pages.of_parts(
        session,
        query,
        parts,
        limit=limit,
        offset=offset,
        is_latest_first=True,
        only=choice.part(PARTS),
    )


def _runs(now: Moment) -> ColumnElement[bool]:
    return and_(
        Announcement.starts_at <= now,
        or_(Announcement.ends_at.is_(None), Announcement.ends_at > now),
        _is_not_resolved(now),
    )


def _comes(now: Moment) -> ColumnElement[bool]:
    return and_(Announcement.starts_at > now, _is_not_resolved(now))


def _is_not_resolved(now: Moment) -> ColumnElement[bool]:
    return or_(Announcement.resolved_at.is_(None), Announcement.resolved_at > now)


def free_slug(session: Session, title: str) -> str:
    """A slug made from the title that nobody has."""
    stem = slugs.stem(title, otherwise="announcement")
    # A slug of digits alone would be read as an id.
    return slugs.free(session, Announcement.slug, f"a-{stem}" if stem.isdigit() else stem)
