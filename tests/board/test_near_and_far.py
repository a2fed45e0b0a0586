"""Whatever is near is shown, whatever is far: queries with small bounds against a slow walk.

Each seed makes a mix of windows, occurrences, announcements and incidents; the walk looks at every
row by the rules of the rows themselves, sorts by nearness and cuts.
"""

import random
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.board import published
from portal.board.picture import PAST_DAYS, next_of_each
from portal.board.published import CANCELLED_DAYS
from portal.status import announcements, incidents, windows
from portal.status.announcements import Announcement
from portal.status.bounded import Bounds
from portal.status.incidents import Incident
from portal.status.terms import Audience, Status
from portal.status.windows import Window, WindowStatus
from portal.status.windows.queries import MOST_OVERLAPS
from tests import rows
from tests.instants import DAY, HOUR, NOW

TODAY = NOW.replace(hour=0)
SINCE = TODAY - PAST_DAYS * DAY
BOUNDS = Bounds(running=3, next=4, of_series=2, past=5, latest=6)
Row = TypeVar("Row")


def overlapping(row: Window, rows: list[Window]) -> list[str]:
    """What one window overlaps that is not over, by a walk over all."""
    if row.ended_at is not None or row.cancelled_at is not None or row.ends_at <= NOW:
        return []
    others = [
        one
        for one in rows
        if one is not row
        and one.cancelled_at is None
        and one.ends_at > NOW
        and one.starts_at < row.ends_at
        and one.ends_at > row.starts_at
        and (one.ended_at is None or one.ended_at > row.starts_at)
    ]
    others.sort(key=lambda one: (one.starts_at, one.id))
    return [one.reference for one in others[:MOST_OVERLAPS]]


class Mix:
    """Rows of one seed."""

    def __init__(self, session: Session, seed: int) -> None:
        self.session, self.dice = session, random.Random(seed)
        for number in range(3):
            self._series(number)
        for number in range(40):
            self.window(f"w{number}")
            self._announcement(number)
        for number in range(30):
            self._incident(number)
        session.flush()

    def moment(self, days: float) -> datetime:
        """Some minute within so many days of now, each one once or twice."""
        return NOW + timedelta(minutes=round(self.dice.uniform(-days, days) * 1440))

    def audiences(self) -> list[str]:
        return self.dice.choice([["public"], ["public", "admin"], ["operations"]])

    def window(self, reference: str, **values: Any) -> Window:
        start = self.moment(self.dice.choice([0.1, 3, 40, 300]))
        end = start + timedelta(minutes=self.dice.randrange(1, 4000))
        is_early = self.dice.random() < 0.2 and start < NOW
        row = rows.window(
            **{
                "reference": reference,
                "audiences": self.audiences(),
                "starts_at": start,
                "ends_at": end,
                "ended_at": start + (min(end, NOW) - start) / 2 if is_early else None,
                "cancelled_at": NOW - HOUR if self.dice.random() < 0.15 else None,
                "awaits_approval": self.dice.random() < 0.1,
                **values,
            }
        )
        self.session.add(row)
        return row

    def _series(self, number: int) -> None:
        row = rows.series(reference=f"s{number}", rule="FREQ=DAILY")
        self.session.add(row)
        self.session.flush()
        audiences, step = self.audiences(), DAY * self.dice.choice([1, 1, 7])
        begin = NOW - 9 * DAY + timedelta(minutes=self.dice.randrange(1440))
        for turn in range(30):
            self.window(
                f"s{number}-{turn}",
                series_id=row.id,
                occurrence=f"{number}-{turn}",
                audiences=audiences,
                starts_at=begin + turn * step,
                ends_at=begin + turn * step + HOUR,
                ended_at=None,
                awaits_approval=False,
            )

    def _announcement(self, number: int) -> None:
        start = self.moment(self.dice.choice([0.1, 3, 40]))
        end = start + timedelta(minutes=self.dice.randrange(1, 6000))
        is_early = self.dice.random() < 0.3 and start < NOW
        self.session.add(
            rows.announcement(
                slug=f"a{number}",
                is_draft=self.dice.random() < 0.1,
                audiences=self.audiences(),
                starts_at=start,
                ends_at=end if self.dice.random() < 0.7 else None,
                published_at=start,
                resolved_at=start + (min(end, NOW) - start) / 2 if is_early else None,
            )
        )

    def _incident(self, number: int) -> None:
        start = NOW - abs(self.moment(60) - NOW)
        resolved = start + (NOW - start) * self.dice.random() if self.dice.random() < 0.7 else None
        self.session.add(
            rows.incident(
                reference=f"INC-{number}",
                impact="minor",
                status="resolved" if resolved else "identified",
                audiences=self.audiences(),
                started_at=start,
                resolved_at=resolved,
            )
        )


def is_public(row: Any) -> bool:
    return Audience.PUBLIC in row.audiences


def nearest(rows: Iterable[Row], key: Callable[[Row], Any], most: int) -> list[Row]:
    """The first of what is for everyone, and of the rest."""
    ordered = sorted(rows, key=key)
    return [
        row
        for wanted in (True, False)
        for row in [one for one in ordered if is_public(one) is wanted][:most]
    ]


def ago(moment: datetime) -> float:
    return -moment.timestamp()


def expected_windows(session: Session) -> set[str]:
    rows = [
        row
        for row in session.scalars(select(Window))
        if row.cancelled_at is None and not row.awaits_approval
    ]
    running = [row for row in rows if row.status_at(NOW) is WindowStatus.ACTIVE]
    coming = [row for row in rows if row.status_at(NOW) is WindowStatus.SCHEDULED]
    over = [row for row in rows if row.status_at(NOW) is WindowStatus.ENDED]

    def start(row: Window) -> Any:
        return row.starts_at, row.id

    def end(row: Window) -> Any:
        return ago(row.ended_at or row.ends_at), ago(row.starts_at)

    of_series = [row for row in coming if row.series_id]
    numbers = {row.series_id for row in of_series}
    first = [
        row
        for number in numbers
        for row in sorted((one for one in of_series if one.series_id == number), key=start)[:2]
    ]
    late = [row for row in over if (row.ended_at or row.ends_at) > SINCE]
    found = nearest(running, lambda row: (row.ends_at, row.id), BOUNDS.running)
    found += nearest([row for row in coming if not row.series_id], start, BOUNDS.next)
    found += nearest(of_series, start, BOUNDS.next)
    found += nearest(first, start, BOUNDS.next)
    found += nearest(late, end, BOUNDS.past)
    found += sorted((row for row in over if is_public(row)), key=end)[: BOUNDS.latest]
    return {row.reference for row in found}


def expected_announcements(session: Session) -> set[str]:
    rows = list(session.scalars(select(Announcement).where(Announcement.is_draft.is_(False))))
    by_status: dict[Status, list[Announcement]] = {status: [] for status in Status}
    for row in rows:
        by_status[row.status_at(NOW)].append(row)

    def over_at(row: Announcement) -> datetime:
        moment = row.resolved_at or row.ends_at
        assert moment is not None
        return moment

    late = [row for row in by_status[Status.RESOLVED] if over_at(row) > SINCE]
    found = nearest(
        by_status[Status.ACTIVE], lambda row: (ago(row.starts_at), -row.id), BOUNDS.running
    )
    found += nearest(by_status[Status.SCHEDULED], lambda row: (row.starts_at, row.id), BOUNDS.next)
    found += nearest(late, lambda row: (ago(over_at(row)), ago(row.starts_at)), BOUNDS.past)
    return {row.slug for row in found}


def expected_incidents(session: Session) -> list[str]:
    rows = list(session.scalars(select(Incident)))

    def start(row: Incident) -> Any:
        return ago(row.started_at), -row.id

    late = [row for row in rows if row.resolved_at and row.resolved_at > SINCE]
    found = nearest([row for row in rows if row.resolved_at is None], start, BOUNDS.running)
    found += nearest(late, lambda row: (ago(row.resolved_at or NOW), -row.id), BOUNDS.past)
    found += sorted((row for row in rows if is_public(row)), key=start)[: BOUNDS.latest]
    return [row.reference for row in sorted(set(found), key=start)]


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
