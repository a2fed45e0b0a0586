"""Announcements: over, running, planned and drafts."""

import random
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from portal.status.announcements import Announcement
from tests.lived_in.counts import ANNOUNCEMENTS


def add_announcements(session: Session, dice: random.Random, now: datetime) -> None:
    """Most are over; five run, three are planned, two are drafts. The newest were made last."""
    for number in range(ANNOUNCEMENTS):
        left = ANNOUNCEMENTS - number
        start = now - timedelta(days=left * 1.4, minutes=dice.randrange(600))
        ends: datetime | None = start + timedelta(hours=dice.randrange(2, 30))
        if left <= 5:
            start, ends = now - timedelta(hours=left), now + timedelta(days=left)
        elif left <= 8:
            start, ends = now + timedelta(days=left), None
        session.add(
            Announcement(
                slug=f"word-{number:02}",
                title=f"Word {number}",
                message="Read **this**.",
                severity=("info", "maintenance", "info", "security")[number % 4],
                is_draft=left in {9, 10},
                audiences=["public"],
                channels=["web", "email"],
                dismissible=True,
                starts_at=start,
                ends_at=ends,
                published_at=None if left in {9, 10} else min(start, now),
                resolved_at=ends - timedelta(hours=1) if ends and left > 30 else None,
                last_broadcast_at=None,
                created_at=min(start, now),
                updated_at=min(start, now),
                version=1,
            )
        )
