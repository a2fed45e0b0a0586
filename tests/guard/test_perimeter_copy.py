"""The copy of the blocks: when it is renewed, and which figures are of it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from portal.guard import perimeter
from portal.guard.blocks import Block
from portal.guard.perimeter import REFRESH_EVERY, Denied
from tests.clocks import StandingClock
from tests.guard.perimeters import block, held, judge, make
from tests.instants import HOUR, NOW

pytestmark = pytest.mark.unit


def test_figures_of_the_perimeter(still: StandingClock):
    one = make(
        block("ip", "192.0.2.1", created_at=NOW - HOUR, source="auto"),
        block("ip", "192.0.2.2", created_at=NOW),
        block("ip", "192.0.2.3", until=NOW),
        block("ip", "192.0.2.4", created_at=NOW - 2 * HOUR),
    )
    shown = one.figures()
    assert [row.value for row in shown.blocks] == ["192.0.2.2", "192.0.2.1", "192.0.2.4"]
    assert (shown.active_blocks, shown.auto_blocks) == (3, 1)
    assert (shown.last_blocked_at, shown.active_blocked_origins) == (None, 0)
    one.refused(Denied(None, "https://evil.example"), client="a", route="r", now=NOW)
    still.advance(seconds=perimeter.ACTIVE_ORIGIN_SECONDS)
    shown = one.figures()
    assert (shown.last_blocked_at, shown.active_blocked_origins) == (NOW, 1)
    still.advance(seconds=1)
    assert one.figures().active_blocked_origins == 0


class Session:
    """A database whose revision and rows are told; or that is away."""

    def __init__(self) -> None:
        self.number, self.rows, self.is_away, self.looks = 1, [block("ip", "192.0.2.1")], False, 0

    def __enter__(self) -> "Session":
        self.looks += 1
        if self.is_away:
            raise OperationalError("", {}, Exception())
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def scalar(self, _: Any) -> int:
        return self.number

    def scalars(self, _: Any) -> list[Block]:
        return self.rows

    def expunge_all(self) -> None:
        pass


def test_the_copy_is_renewed_when_the_revision_moves(still: StandingClock):
    one, database = make(), Session()
    one._open_session, one.is_supervised = lambda: database, False  # type: ignore[assignment, return-value]
    assert judge(one) is not None
    database.rows = []
    still.advance(seconds=1)
    assert judge(one, now=still.now()) is not None
    database.number = 2
    still.advance(seconds=1)
    one._local = {"ip:192.0.2.9": held()}
    assert judge(one, now=still.now()) is None
    assert one._local == {}


def test_a_look_says_whether_the_copy_is_fresh(still: StandingClock):
    one, database = make(), Session()
    one._open_session = lambda: database  # type: ignore[assignment, return-value]
    assert one.refresh(), "it was read"
    assert one.refresh(), "nothing has moved"
    assert one.refresh(known=1)
    assert database.looks == 2, "who knows the revision need not be told"
    database.number = 2
    assert one.refresh(known=2)
    database.is_away = True
    assert not one.refresh()
    assert not one.refresh(known=3)


def test_figures_are_of_a_fresh_copy(still: StandingClock):
    one, database = make(), Session()
    one._open_session, one.is_supervised = lambda: database, False  # type: ignore[assignment, return-value]
    assert one.figures().active_blocks == 1
    database.number, database.rows = 2, []
    still.advance(seconds=1)
    assert one.figures().active_blocks == 0


@pytest.mark.parametrize(
    ("step", "looks", "why"),
    [
        (timedelta(0), 1, "it has just looked"),
        (REFRESH_EVERY - timedelta(microseconds=1), 1, "not yet"),
        (REFRESH_EVERY, 2, "half a second later"),
        (-HOUR, 2, "a clock that was set back"),
    ],
)
def test_how_often_it_looks(still: StandingClock, step, looks, why):
    one, database = make(), Session()
    one._open_session, one.is_supervised = lambda: database, False  # type: ignore[assignment, return-value]
    judge(one)
    judge(one, now=NOW + step)
    assert database.looks == looks, why
    database.is_away = True
    one.refresh()
    assert judge(one, now=NOW) is not None
    one.is_supervised = True
    before = database.looks
    judge(one, now=NOW + HOUR)
    one.figures()
    assert database.looks == before
