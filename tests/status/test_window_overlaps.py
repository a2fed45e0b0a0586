"""Which windows run at an instant, and which overlap."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from portal import clock
from portal.status import windows
from portal.status.windows import WindowAct
from portal.unit_of_work import By
from tests import rows
from tests.instants import HOUR, MINUTE, NOW, TICK
from tests.status.world import World, window


def overlapping(session: Session, row: windows.Window) -> list[str]:
    return windows.overlaps(session, [row], now=clock.now()).get(row.id, [])


def test_which_windows_run_and_overlap(world: World):
    first = window(world)
    second = window(world, ends_at=NOW + HOUR)
    apart = window(world, starts_at=NOW + 3 * HOUR, ends_at=NOW + 4 * HOUR)
    over = window(world, ends_at=NOW + 2 * HOUR)
    off = window(world, starts_at=NOW + MINUTE, ends_at=NOW + HOUR)
    world.status.windows.act(By("a", version=1), off.reference, WindowAct(action="cancel"))
    window(world, room=world.careful, starts_at=NOW + TICK * 1000, ends_at=NOW + 5 * HOUR)
    world.still.advance(minutes=30)
    over = world.status.windows.act(By("ada", version=1), over.reference, WindowAct(action="end"))
    with world.open_session() as session:

        def running(now: datetime) -> list[str]:
            return [row.reference for row in windows.running(session, now=now)]

        assert running(NOW + 31 * MINUTE) == [second.reference, first.reference]
        assert running(NOW + HOUR) == [first.reference]
        assert running(NOW + 3 * HOUR) == [apart.reference]
        assert running(NOW - TICK) == []
        assert running(NOW + 4 * HOUR) == []
        assert overlapping(session, apart) != []
        assert first.reference not in overlapping(session, apart)
        assert second.reference in overlapping(session, first)
        assert over.reference in overlapping(session, first)
        assert off.reference not in overlapping(session, first)
        assert first.reference not in overlapping(session, first)
        assert overlapping(session, over) == []
        off.cancelled_at = NOW
        assert overlapping(session, off) == []
        rows, total = windows.listed(session, now=NOW, limit=2, offset=0)
        assert (len(rows), total) == (2, 6)


def test_what_ended_before_it_overlaps_nothing_later(world: World):
    over = window(world)
    world.still.advance(hours=1)
    world.status.windows.act(By("a", version=1), over.reference, WindowAct(action="end"))
    for step, overlaps in ((timedelta(0), False), (-MINUTE, True)):
        later = rows.window(
            id=99, reference="m-99", starts_at=NOW + HOUR + step, ends_at=NOW + 9 * HOUR
        )
        # Not kept: it is there for the query alone.
        with world.open_session() as session:
            session.add(later)
            session.flush()
            assert bool(overlapping(session, later)) is overlaps
