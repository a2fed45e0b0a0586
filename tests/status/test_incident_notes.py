"""What operators note of an incident, who is at it, and how incidents are listed."""

from datetime import datetime
from typing import Any

import pytest

from portal.errors import RuleError
from portal.status import incidents
from portal.status.bounded import Bounds
from portal.status.incidents import Incident, NoteIn
from portal.unit_of_work import By
from tests.instants import DAY, HOUR, NOW, TICK
from tests.status.world import World


def test_notes_stay_inside_and_do_not_lie_in_the_future(world: World):
    reference = world.open()
    for at in (None, NOW, NOW - 9 * DAY):
        world.status.incidents.note(By("bob"), reference, NoteIn(message="n", at=at))
    with pytest.raises(RuleError) as caught:
        world.status.incidents.note(By("bob"), reference, NoteIn(message="n", at=NOW + TICK))
    assert caught.value.field == "at"
    with world.open_session() as session:
        shown = incidents.out(session, incidents.find(session, reference))  # type: ignore[arg-type]
    assert [(one.status, one.is_public, one.author) for one in shown.notes] == [
        (None, False, "bob")
    ] * 3
    assert [one.status for one in shown.updates] == ["investigating"]
    assert world.told() == ["opened"]


def test_the_first_who_is_at_it_counts(world: World):
    reference = world.open()
    for actor in ("bob", "eve"):
        row = world.status.incidents.acknowledge(By(actor), reference)
        assert (row.acknowledged_by, row.acknowledged_at, row.version) == ("bob", NOW, 2)
        world.still.advance(minutes=1)


def test_incidents_are_listed_open_over_or_all(world: World):
    first = world.open(started_at=NOW - 3 * HOUR)
    second = world.open(started_at=NOW - HOUR)
    third = world.open(started_at=NOW - 2 * HOUR)
    world.resolve(first)
    with world.open_session() as session:

        def found(**how: Any) -> tuple[list[str], int]:
            rows, total = incidents.page(session, **{"limit": 9, "offset": 0, **how})
            return [row.reference for row in rows], total

        assert found() == ([second, third, first], 3)
        assert found(is_open=True) == ([second, third], 2)
        assert found(is_open=False) == ([first], 1)
        assert found(limit=1, offset=1) == ([third], 3)

        def between(begin: datetime, end: datetime) -> list[str]:
            return [row.reference for row in incidents.between(session, begin, end)]

        assert between(NOW - 2 * HOUR, NOW - HOUR) == [third]
        assert between(NOW - 3 * HOUR, NOW) == [second, third, first]
        bounds = Bounds(latest=0)
        since = incidents.for_board(session, since=NOW, bounds=bounds)
        assert [row.reference for row in since] == [second, third]
        assert len(incidents.for_board(session, since=NOW - TICK, bounds=bounds)) == 3
        assert incidents.next_reference(session, now=NOW) == "INC-2030-0004"
        assert incidents.next_reference(session, now=NOW + 365 * DAY) == "INC-2031-0001"
        session.get(Incident, 1).reference = "INC-2030-9999"  # type: ignore[union-attr]
        session.get(Incident, 2).reference = "INC-2030-10000"  # type: ignore[union-attr]
        assert incidents.next_reference(session, now=NOW) == "INC-2030-10001"
        session.rollback()
        assert incidents.find(session, "INC-2030-0099") is None
        empty, total = incidents.page(session, limit=9, offset=9)
        assert (empty, total) == ([], 3)
