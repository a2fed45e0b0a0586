"""The pages of a list are all rows in the order of nearness, as a slow walk finds them."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.status import announcements, incidents, windows
from portal.status.announcements import Announcement
from portal.status.terms import Status
from portal.status.windows import Window, WindowStatus
from tests.board.mixes import Mix
from tests.board.walks import ago
from tests.instants import NOW


@pytest.mark.parametrize("has_all", [True, False])
@pytest.mark.parametrize("seed", range(10))
def test_the_pages_of_a_list_are_all_rows_in_the_order_of_nearness(
    session: Session, seed: int, has_all: bool
):
    Mix(session, seed)
    rows = list(session.scalars(select(Window)))
    by_status: dict[WindowStatus, list[Window]] = {status: [] for status in WindowStatus}
    for row in rows:
        by_status[row.status_at(NOW)].append(row)

    def start(row: Window) -> Any:
        return row.starts_at, -row.id

    coming = sorted(by_status[WindowStatus.SCHEDULED], key=lambda row: (row.starts_at, row.id))
    if not has_all:
        seen: dict[int, int] = {}
        kept = []
        for row in coming:
            if row.series_id is not None:
                seen[row.series_id] = seen.get(row.series_id, 0) + 1
                if seen[row.series_id] > 2:
                    continue
            kept.append(row)
        coming = kept
    over = by_status[WindowStatus.ENDED] + by_status[WindowStatus.CANCELLED]
    expected = [
        *sorted(by_status[WindowStatus.ACTIVE], key=lambda row: (row.ends_at, ago(row.starts_at))),
        *sorted(by_status[WindowStatus.PROPOSED], key=lambda row: (row.starts_at, row.id)),
        *coming,
        *sorted(over, key=start, reverse=True),
    ]
    found: list[str] = []
    for offset in range(0, len(rows), 7):
        part, total = windows.listed(session, now=NOW, limit=7, offset=offset, has_all=has_all)
        found += [row.reference for row in part]
        assert total == len(expected)
    assert found == [row.reference for row in expected]


@pytest.mark.parametrize("seed", range(10))
def test_so_are_those_of_announcements_and_incidents(session: Session, seed: int):
    Mix(session, seed)
    order = [Status.ACTIVE, Status.DRAFT, Status.SCHEDULED, Status.RESOLVED]
    rows = list(session.scalars(select(Announcement)))

    def place(row: Announcement) -> Any:
        status = row.status_at(NOW)
        sign = 1 if status is Status.SCHEDULED else -1
        return order.index(status), sign * row.starts_at.timestamp(), -row.id

    found: list[str] = []
    for offset in range(0, len(rows), 7):
        part, total = announcements.listed(session, now=NOW, limit=7, offset=offset)
        found += [row.slug for row in part]
        assert total == len(rows)
    assert found == [row.slug for row in sorted(rows, key=place)]
    events, _ = incidents.page(session, limit=99, offset=0)
    is_over = [row.resolved_at is not None for row in events]
    assert is_over == sorted(is_over)
