"""Which windows a list, the board and a question of the moment find, to the instant."""

from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy.orm import Session

from portal.status.bounded import Bounds
from portal.status.windows import Window, queries
from portal.store.choices import Choice
from tests import rows
from tests.instants import HOUR, NOW, TICK
from tests.status.window_rows import window as window_of

ZERO = timedelta(0)


_numbers = count(1)


def window(
    session: Session, name: str, starts: timedelta = -HOUR, ends: timedelta = HOUR, **values: Any
) -> Window:
    row = window_of(starts, ends, **{"id": next(_numbers), "reference": name, **values})
    session.add(row)
    session.flush()
    return row


def series(session: Session, number: int = 1) -> int:
    session.add(rows.series(id=number, reference=f"s-{number}"))
    session.flush()
    return number


def names(rows: list[Window]) -> str:
    return " ".join(row.reference for row in rows)


def many(session: Session) -> None:
    """Windows on each side of now and of each limit."""
    window(session, "ended-early", -2 * HOUR, HOUR, ended_at=NOW - HOUR)
    window(session, "ends-now", -HOUR, ZERO)
    window(session, "ended-now", -HOUR, HOUR, ended_at=NOW)
    window(session, "runs", -HOUR, TICK)
    window(session, "starts-now", ZERO, HOUR)
    window(session, "comes", TICK, HOUR)
    window(session, "proposed", HOUR, 2 * HOUR, awaits_approval=True)
    window(session, "off", HOUR, 3 * HOUR, cancelled_at=NOW)
    window(session, "off-ran-out", -2 * HOUR, -HOUR, cancelled_at=NOW)


def test_what_runs_now_runs_until_its_last_instant(session: Session):
    many(session)
    assert names(queries.running(session, now=NOW)) == "runs starts-now"


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        (ZERO, TICK, "ended-now runs starts-now"),
        (ZERO, 2 * TICK, "ended-now runs starts-now comes"),
        (-TICK, ZERO, "ends-now ended-now runs"),
        (-2 * HOUR, -HOUR, "ended-early"),
        (-HOUR, -HOUR + TICK, "ends-now ended-now runs"),
    ],
)
def test_what_ran_between_two_instants(
    session: Session, since: timedelta, until: timedelta, found: str
):
    many(session)
    session.query(Window).filter_by(reference="ended-now").one().ended_at = NOW + TICK
    session.flush()
    rows = queries.between(session, NOW + since, NOW + until)
    assert names(rows) == found


def board(session: Session, since: timedelta = -HOUR, **bounds: int) -> tuple[str, str]:
    published, off = queries.for_board(
        session,
        since=NOW + since,
        called_off_since=NOW - TICK,
        now=NOW,
        bounds=Bounds(**{"latest": 0, **bounds}),
    )
    return names(published), names(off)


def test_the_board_has_what_is_published_and_what_was_called_off_lately(session: Session):
    many(session)
    window(session, "off-long-ago", HOUR, 2 * HOUR, cancelled_at=NOW - TICK)
    window(session, "refused", HOUR, 2 * HOUR, cancelled_at=NOW, awaits_approval=True)
    assert board(session) == ("ends-now ended-now runs starts-now comes", "off-ran-out off")
    assert board(session, since=-HOUR - TICK)[0].startswith("ended-early")
    assert board(session, since=ZERO)[0] == "runs starts-now comes"


def test_the_latest_that_are_over_are_there_however_long_ago(session: Session):
    for number in range(4):
        ends = -(number + 2) * HOUR
        window(session, f"over-{number}", ends - HOUR, ends)
    assert board(session, since=ZERO, latest=2)[0] == "over-1 over-0"


def test_the_next_of_each_series_are_there_behind_many_others(session: Session):
    often, seldom = series(session, 1), series(session, 2)
    for number in range(5):
        starts = (number + 1) * HOUR
        window(session, f"often-{number}", starts, starts + HOUR, series_id=often)
    for number in range(3):
        starts = (number + 10) * HOUR
        window(session, f"seldom-{number}", starts, starts + HOUR, series_id=seldom)
    assert board(session, next=3, of_series=1)[0] == "often-0 often-1 often-2 seldom-0"


def listed(session: Session, **values: Any) -> str:
    rows, total = queries.listed(session, now=NOW, limit=50, offset=0, **values)
    assert total == len(rows)
    return names(rows)


def test_a_list_has_what_runs_what_is_proposed_what_comes_and_what_is_over(session: Session):
    many(session)
    window(session, "refused", 2 * HOUR, 3 * HOUR, awaits_approval=True, cancelled_at=NOW)
    parts = {
        "running": "runs starts-now",
        "proposed": "proposed",
        "upcoming": "comes",
        "over": "refused off ends-now ended-now ended-early off-ran-out",
    }
    assert listed(session) == " ".join(parts.values())
    for state, found in parts.items():
        assert listed(session, choice=Choice(state=state)) == found


def test_of_a_series_a_list_has_the_next_two_unless_it_is_of_that_series(session: Session):
    number = series(session)
    window(session, "other", HOUR, 2 * HOUR)
    for one in range(4):
        starts = (one + 2) * HOUR
        window(session, f"s{one}", starts, starts + HOUR, series_id=number)
    assert listed(session) == "other s0 s1"
    assert listed(session, has_all=True) == "other s0 s1 s2 s3"
    assert listed(session, series_id=number) == "s0 s1 s2 s3"


def test_the_latest_that_were_made_by_hand_are_offered_once_by_title(session: Session):
    for name, title in (("a", "A"), ("b", "B"), ("b2", "B"), ("c", "C"), ("c2", "C"), ("c3", "C")):
        window(session, name, title=title)
    window(session, "s", title="S", series_id=series(session))
    assert names(queries.latest(session, limit=3)) == "c3 b2 a"
    assert names(queries.latest(session, limit=1)) == "c3"


def test_what_is_over_overlaps_nothing(session: Session):
    row = window(session, "row", -HOUR, HOUR)
    window(session, "ends-now", -2 * HOUR, ZERO)
    window(session, "ended", -2 * HOUR, 2 * HOUR, ended_at=NOW - HOUR)
    window(session, "off", ZERO, HOUR, cancelled_at=NOW)
    window(session, "later", HOUR, 2 * HOUR)
    assert queries.overlaps(session, [row], now=NOW) == {}
    window(session, "last-instant", HOUR - TICK, 2 * HOUR)
    window(session, "ended-within", -2 * HOUR, 2 * HOUR, ended_at=NOW - HOUR + TICK)
    found = queries.overlaps(session, [row], now=NOW)
    assert found == {row.id: ["ended-within", "last-instant"]}
