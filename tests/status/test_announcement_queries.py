"""Which announcements a list finds, in which part, to the instant."""

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from portal.status.announcements import queries
from portal.store.choices import Choice
from tests.instants import HOUR, NOW, TICK
from tests.status.test_announcement_rules import announcement

ZERO = timedelta(0)


def add(
    session: Session, number: int, slug: str, starts: timedelta, ends: timedelta | None, **more: Any
) -> None:
    ends_at = None if ends is None else NOW + ends
    session.add(announcement(id=number, slug=slug, starts_at=NOW + starts, ends_at=ends_at, **more))
    session.flush()


def listed(session: Session, state: str = "") -> str:
    rows, total = queries.listed(session, now=NOW, limit=50, offset=0, choice=Choice(state=state))
    assert total == len(rows)
    return " ".join(row.slug for row in rows)


def test_each_stands_in_one_part(session: Session):
    draft = {"is_draft": True, "published_at": None}
    add(session, 1, "runs", -3 * HOUR, None)
    add(session, 2, "ends-later", -2 * HOUR, TICK)
    add(session, 3, "starts-now", ZERO, HOUR)
    add(session, 4, "comes", TICK, HOUR)
    add(session, 5, "comes-later", HOUR, None)
    add(session, 6, "ran-out", -4 * HOUR, ZERO)
    add(session, 7, "resolved", -5 * HOUR, HOUR, resolved_at=NOW)
    add(session, 8, "called-off", HOUR, None, resolved_at=NOW - TICK)
    add(session, 9, "draft", -HOUR, None, **draft)
    add(session, 10, "old-draft", -3 * HOUR, -2 * HOUR, **draft)
    add(session, 11, "early-draft", HOUR, None, **draft)
    parts = {
        "running": "starts-now ends-later runs",
        "draft": "early-draft draft old-draft",
        "upcoming": "comes comes-later",
        "over": "called-off ran-out resolved",
    }
    assert listed(session) == " ".join(parts.values())
    for state, found in parts.items():
        assert listed(session, state) == found


def board(session: Session, since: timedelta) -> str:
    found = queries.for_board(session, since=NOW + since, now=NOW)
    return " ".join(row.slug for row in found)


def test_the_board_has_what_is_published_and_what_was_over_lately(session: Session):
    add(session, 1, "runs", -9 * HOUR, None)
    add(session, 2, "ran-out", -8 * HOUR, -HOUR)
    add(session, 3, "ends-now", -7 * HOUR, ZERO)
    add(session, 4, "resolved", -6 * HOUR, None, resolved_at=NOW - HOUR)
    add(session, 5, "resolved-now", -5 * HOUR, HOUR, resolved_at=NOW)
    add(session, 6, "resolved-long-ago", -4 * HOUR, ZERO, resolved_at=NOW - 2 * HOUR)
    add(session, 7, "draft", -3 * HOUR, None, is_draft=True, published_at=None)
    add(session, 8, "starts-now", ZERO, HOUR)
    add(session, 9, "comes", TICK, HOUR)
    assert board(session, -HOUR) == "runs ends-now resolved-now starts-now comes"
    lately = "runs ran-out ends-now resolved resolved-now starts-now comes"
    assert board(session, -HOUR - TICK) == lately
    assert board(session, ZERO) == "runs starts-now comes"
