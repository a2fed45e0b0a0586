"""Which windows run, come and overlap at a moment, to the instant."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from portal.status.bounded import Bounds
from portal.status.windows import Window, queries
from tests.instants import HOUR, MINUTE, NOW, TICK
from tests.status.stored import many, names, series, window

ZERO = timedelta(0)


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


def test_where_none_runs_one_whose_end_has_just_passed_can_be_extended(session: Session):
    window(session, "long-over", -HOUR, -15 * MINUTE - TICK)
    window(session, "just-in-time", -HOUR, -15 * MINUTE)
    window(session, "ends-now", -HOUR, ZERO)
    window(session, "was-ended", -HOUR, -MINUTE, ended_at=NOW - 2 * MINUTE)
    window(session, "off", -HOUR, -MINUTE, cancelled_at=NOW - 2 * HOUR)
    window(session, "proposed", -HOUR, -MINUTE, awaits_approval=True)
    window(session, "comes", TICK, HOUR)
    assert names(queries.extendable(session, now=NOW)) == "ends-now just-in-time"
    window(session, "runs", -HOUR, TICK)
    assert names(queries.extendable(session, now=NOW)) == "runs"


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


def test_what_was_called_off_and_is_over_takes_no_place_of_what_would_come(session: Session):
    window(session, "off-ran-out", -2 * HOUR, -TICK, cancelled_at=NOW)
    window(session, "off-ends-now", -HOUR, ZERO, cancelled_at=NOW)
    window(session, "off", HOUR, 2 * HOUR, cancelled_at=NOW)
    assert board(session, next=1, past=1)[1] == "off-ends-now off"


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


def test_what_is_over_overlaps_nothing(session: Session):
    row = window(session, "row", -HOUR, HOUR)
    over = window(session, "ends-now", -2 * HOUR, ZERO)
    window(session, "ended", -2 * HOUR, 2 * HOUR, ended_at=NOW - HOUR)
    window(session, "off", ZERO, HOUR, cancelled_at=NOW)
    window(session, "later", HOUR, 2 * HOUR)
    assert queries.overlaps(session, [row, over], now=NOW) == {}
    window(session, "last-instant", HOUR - TICK, 2 * HOUR)
    window(session, "ended-within", -2 * HOUR, 2 * HOUR, ended_at=NOW - HOUR + TICK)
    found = queries.overlaps(session, [row], now=NOW)
    assert found == {row.id: ["ended-within", "last-instant"]}
