"""Whatever is near is in a picture, whatever is far."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.board import published
from portal.board.picture import next_of_each
from portal.board.published import CANCELLED_DAYS
from portal.status import windows
from portal.status.windows import Window
from tests.board.mixes import Mix
from tests.board.walks import (
    BOUNDS,
    TODAY,
    ago,
    expected_announcements,
    expected_incidents,
    expected_windows,
    nearest,
    overlapping,
)
from tests.instants import DAY, HOUR, NOW


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.fault(41)
def test_a_picture_holds_what_a_walk_over_all_rows_finds(session: Session, seed: int):
    Mix(session, seed)
    picture = published.take(session, now=NOW, bounds=BOUNDS)
    by_kind: dict[str, list[str]] = {"window": [], "announcement": [], "incident": []}
    for one in picture.banners:
        by_kind[one.kind].append(one.ref)
    assert sorted(by_kind["window"]) == sorted(expected_windows(session))
    assert sorted(by_kind["announcement"]) == sorted(expected_announcements(session))
    assert by_kind["incident"] == expected_incidents(session)
    assert [one.reference for one in picture.incidents] == expected_incidents(session)


@pytest.mark.parametrize("seed", range(25))
def test_what_is_called_off_is_told_the_nearest_first(session: Session, seed: int):
    Mix(session, seed)
    off = [
        row
        for row in session.scalars(select(Window))
        if row.cancelled_at
        and row.cancelled_at > TODAY - CANCELLED_DAYS * DAY
        and not row.awaits_approval
    ]
    to_come = [row for row in off if row.ends_at > NOW]
    gone = [row for row in off if row.ends_at <= NOW]
    found = nearest(to_come, lambda row: (row.starts_at, row.id), BOUNDS.next)
    found += nearest(gone, lambda row: (ago(row.ends_at), -row.id), BOUNDS.past)
    picture = published.take(session, now=NOW, bounds=BOUNDS)
    assert {one.ref for one in picture.cancelled} == {row.reference for row in found}


@pytest.mark.parametrize("seed", range(10))
def test_warnings_of_many_are_those_of_each(session: Session, seed: int):
    Mix(session, seed)
    rows = list(session.scalars(select(Window)))
    many = {one.reference: one for one in windows.all_warned(session, rows, now=NOW)}
    for row in rows:
        assert many[row.reference].overlaps == overlapping(row, rows)


def test_four_daily_series_do_not_hide_what_runs_and_what_comes_once(session: Session):
    mix = Mix(session, 1)
    for number in range(300):
        start = NOW + number * HOUR * 4 + HOUR
        mix.window(
            f"d{number}",
            series_id=1 + number % 3,
            occurrence=f"d{number}",
            audiences=["public"],
            starts_at=start,
            ends_at=start + HOUR,
            ended_at=None,
            cancelled_at=None,
            awaits_approval=False,
        )
    for name, start in (("runs", NOW - HOUR), ("far", NOW + 200 * DAY)):
        mix.window(
            name,
            audiences=["public"],
            starts_at=start,
            ends_at=start + 9 * HOUR,
            ended_at=None,
            cancelled_at=None,
            awaits_approval=False,
        )
    session.flush()
    picture = published.take(session, now=NOW)
    assert "runs" in [one.ref for one in picture.active]
    assert "far" in [one.ref for one in picture.coming]
    coming = [one.starts_at for one in next_of_each(picture.upcoming)]
    assert coming == sorted(coming)
