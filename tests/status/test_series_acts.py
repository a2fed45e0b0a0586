"""Series act by act: planned on, called off, and listed."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal.errors import RuleError
from portal.status import series, windows
from portal.status.series import SeriesIn
from portal.status.windows import WindowAct, WindowStatus
from portal.unit_of_work import By
from tests.instants import DAY, HOUR, NOW, TICK
from tests.status.world import World


def a_series(world: World, **values: Any) -> Any:
    status = values.pop("room", world.status)
    given = SeriesIn(
        **{
            "title": "S",
            "starts_at": NOW + HOUR,
            "ends_at": NOW + 2 * HOUR,
            "recurrence": "FREQ=WEEKLY",
            **values,
        }
    )
    return status.series.create(By("ada"), given)


def count(world: World) -> int:
    with world.open_session() as session:
        return windows.listed(session, now=NOW, limit=1, offset=0, has_all=True)[1]


def test_a_series_is_told_with_its_windows_unless_it_waits(world: World):
    a_series(world)
    assert (world.told(), count(world)) == (["scheduled"], 9)
    assert len(world.logged()[1]["windows"]) == 9
    row = a_series(world, room=world.careful)
    assert (world.told(), count(world), row.awaits_approval) == (["scheduled"], 9, True)
    with pytest.raises(RuleError, match="Someone else"):
        world.careful.series.approve(By("ada", version=1), row.reference)
    done = world.careful.series.approve(By("bob", version=1), row.reference)
    assert (done.awaits_approval, done.approved_by, done.version) == (False, "bob", 2)
    assert (world.told(), count(world)) == (["scheduled", "scheduled"], 18)
    with pytest.raises(RuleError, match="proposed"):
        world.careful.series.approve(By("bob", version=2), row.reference)


def test_a_series_that_is_called_off_takes_what_has_not_begun_with_it(world: World):
    row = a_series(world)
    world.still.advance(hours=1)
    world.status.series.cancel(By("ada", version=1), row.reference)
    with world.open_session() as session:
        found = {
            one.status_at(world.still.now()) for one in session.scalars(select(windows.Window))
        }
        ahead = session.scalars(
            select(windows.Window).where(windows.Window.cancelled_at.is_not(None))
        ).all()
    assert found == {WindowStatus.ACTIVE, WindowStatus.CANCELLED}
    assert (len(ahead), {one.version for one in ahead}) == (8, {2})
    assert world.told() == ["scheduled", "cancelled"]
    with pytest.raises(RuleError, match="already"):
        world.status.series.cancel(By("ada"), row.reference)
    proposed = a_series(world, room=world.careful, starts_at=NOW + 3 * HOUR, ends_at=NOW + 4 * HOUR)
    world.careful.series.cancel(By("ada", version=1), proposed.reference)
    assert world.told() == ["scheduled", "cancelled"]
    with pytest.raises(RuleError, match="proposed"):
        world.careful.series.approve(By("bob"), proposed.reference)


def test_one_occurrence_called_off_before_is_left_as_it_is(world: World):
    row = a_series(world)
    with world.open_session() as session:
        second = session.scalars(select(windows.Window).order_by(windows.Window.starts_at)).all()[1]
    world.status.windows.act(By("ada", version=1), second.reference, WindowAct(action="cancel"))
    world.status.series.cancel(By("ada", version=1), row.reference)
    assert len(world.logged()[1]["windows"]) == 8
    with world.open_session() as session:
        assert session.get(windows.Window, second.id).version == 2  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("step", "made", "why"),
    [
        (timedelta(0), 0, "it was planned just now"),
        (DAY, 0, "a day short of two months is enough"),
        (DAY + TICK, 0, "it is looked at, and none is missing yet"),
        (7 * DAY, 1, "one more has come within two months"),
    ],
)
def test_the_plan_goes_on(world: World, step, made, why):
    a_series(world)
    a_series(world, room=world.careful)
    before = world.logged()
    world.still.advance(seconds=step.total_seconds())
    with world.open_session() as session:
        due = series.due(session, now=world.still.now())
    assert bool(due) is (step > DAY), why
    assert world.status.series.plan_ahead(By("worker")) == made, why
    assert (world.logged() != before) is bool(made)
    assert world.status.series.plan_ahead(By("worker")) == 0


def test_series_are_listed_the_newest_first(world: World):
    rows = [a_series(world) for _ in range(3)]
    with world.open_session() as session:
        found, total = series.page(session, limit=2, offset=1)
        assert ([one.id for one in found], total) == ([rows[1].id, rows[0].id], 3)
        assert series.find(session, rows[0].reference).id == rows[0].id  # type: ignore[union-attr]
        assert series.find(session, "s-nothing") is None
