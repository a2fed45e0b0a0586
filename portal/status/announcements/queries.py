"""Announcements of the database."""

import re
import unicodedata

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.status.announcements.announcement import Announcement


def find(session: Session, ref: str) -> Announcement | None:
    """By id or slug."""
    if ref.isascii() and ref.isdigit() and len(ref) < 10:
        row = session.get(Announcement, int(ref))
        if row is not None:
            return row
    return session.scalar(select(Announcement).where(Announcement.slug == ref))


def page(session: Session, *, limit: int, offset: int) -> tuple[list[Announcement], int]:
    """A page, newest first, and how many there are."""
    total = session.scalar(select(func.count()).select_from(Announcement)) or 0
    rows = session.scalars(
        select(Announcement).order_by(Announcement.id.desc()).limit(limit).offset(offset)
    )
    return list(rows), total


def free_slug(session: Session, title: str) -> str:
    """A slug made from the title that nobody has."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or "announcement"
    # A slug of digits alone would be read as an id.
    stem = f"a-{stem}" if stem.isdigit() else stem
    slug, number = stem, 1
    while session.scalar(select(Announcement.id).where(Announcement.slug == slug)):
        number += 1
        slug = f"{stem}-{number}"
    return slug
